/* SPDX-License-Identifier: MIT */
/* glibc.c: the few glibc names that Debian's libexpat.a asks for and newlib lacks. */
#include "init/glibc.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/msr.h"
#include "lib/log.h"
#include "lib/random.h"

int *__errno_location(void);
void __assert_fail(const char *what, const char *file, unsigned line, const char *function) __attribute__((noreturn));
int __fprintf_chk(void *stream, int flag, const char *format, ...);
int fputs(const char *restrict text, void *restrict stream);
size_t fwrite(const void *restrict data, size_t size, size_t n, void *restrict stream);
char *getenv(const char *name);
void arc4random_buf(void *out, size_t n);

/* The x86-64 ABI's thread block: a pointer to itself, and the stack guard of code that Tern did not compile at offset
 * 0x28. */
static struct { void *self; uint64_t reserved[4]; uint64_t guard; } thread;

void *stderr;

void glibc_init(void)
{
	thread.self = &thread;
	if (!thread.guard)
		arc4random_buf(&thread.guard, sizeof(thread.guard));
	thread.guard &= ~0xffull;	/* a zero byte stops string overruns */
	msr_write(MSR_IA32_FS_BASE, (uint64_t)&thread);
}

int *__errno_location(void)
{
	return &errno;
}

void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
	panic("%s:%u: %s: assertion failed: %s", file, line, function, what);
}

/* The stream functions are reached only from expat's debug output, which an environment would switch on. */
char *getenv(const char *name)
{
	(void)name;
	return NULL;
}

int __fprintf_chk(void *stream, int flag, const char *format, ...)
{
	(void)stream;
	(void)flag;
	log_debug("expat", "%s", format);
	return 0;
}

int fputs(const char *restrict text, void *restrict stream)
{
	(void)stream;
	log_debug("expat", "%s", text);
	return 0;
}

size_t fwrite(const void *restrict data, size_t size, size_t n, void *restrict stream)
{
	(void)data;
	(void)size;
	(void)stream;
	return n;
}

void arc4random_buf(void *out, size_t n)
{
	random_bytes(out, n);
}
