/* SPDX-License-Identifier: MIT */
/* glibc.c: the few glibc names that Debian's libexpat.a asks for and newlib lacks. */
#include "init/glibc.h"
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/msr.h"
#include "lib/log.h"

int *__errno_location(void);
void __assert_fail(const char *what, const char *file, unsigned line, const char *function) __attribute__((noreturn));
void __stack_chk_fail(void) __attribute__((noreturn));
int __fprintf_chk(void *stream, int flag, const char *format, ...);
int fputs(const char *restrict text, void *restrict stream);
size_t fwrite(const void *restrict data, size_t size, size_t n, void *restrict stream);
char *getenv(const char *name);
void arc4random_buf(void *out, size_t n);

/* The x86-64 ABI's thread block: a pointer to itself, and the stack guard at offset 0x28. */
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

void __stack_chk_fail(void)
{
	panic("a stack guard was overwritten");
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

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static int has_rdrand(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 30 & 1;
}

/* RDRAND where there is one. Without it the guard and hash salts are only as good as the clock. */
void arc4random_buf(void *out, size_t n)
{
	static uint64_t mix = 0x9e3779b97f4a7c15ull;
	int rdrand = has_rdrand();
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		uint64_t r = 0;

		if (rdrand)
			__asm__ volatile("rdrand %0" : "=r"(r) : : "cc");
		mix ^= r + tsc();
		mix *= 0xbf58476d1ce4e5b9ull;
		mix ^= mix >> 29;
		p[i] = (uint8_t)(mix >> 17);
	}
}
