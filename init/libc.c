/* SPDX-License-Identifier: MIT */
/* libc.c: what newlib asks of a system: memory for malloc. */
#include "init/libc.h"
#include <errno.h>
#include <sys/types.h>

static char *heap, *heap_now, *heap_end;

void libc_init(uint64_t start, uint64_t bytes)
{
	heap = heap_now = (char *)start;
	heap_end = heap + bytes;
}

void *sbrk(ptrdiff_t n);
void *sbrk(ptrdiff_t n)
{
	char *old = heap_now;

	if (n > heap_end - heap_now || n < heap - heap_now) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_now += n;
	return old;
}
