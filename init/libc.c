/* SPDX-License-Identifier: MIT */
/* libc.c: what newlib asks of a system: memory for malloc, and an end. */
#include "init/libc.h"
#include <errno.h>
#include <sys/types.h>
#include "lib/log.h"

static char *heap, *heap_now, *heap_end;

void libc_init(uint64_t start, uint64_t bytes)
{
	heap = heap_now = (char *)start;
	heap_end = heap + bytes;
}

uint64_t libc_heap_used(void)
{
	return (uint64_t)(heap_now - heap);
}

void *_sbrk(ptrdiff_t n);
void *_sbrk(ptrdiff_t n)
{
	char *old = heap_now;

	if (n > heap_end - heap_now || n < heap - heap_now) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_now += n;
	return old;
}

void *sbrk(ptrdiff_t n);
void *sbrk(ptrdiff_t n)
{
	return _sbrk(n);
}

void abort(void);
void abort(void)
{
	panic("abort() was called");
}

void _exit(int code);
void _exit(int code)
{
	panic("exit(%d) was called", code);
}
