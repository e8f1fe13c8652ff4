/* SPDX-License-Identifier: MIT */
/* measure.c: process 1 of the bench guest: what instructions that exit cost, in ticks of the guest's own TSC. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <unistd.h>

#define ITERATIONS	50	/* short, so that most batches see no timer interrupt */
#define BATCHES		201

#define PORT_POST	0x80	/* stored, nothing else happens */
#define PORT_SCRATCH	0x3ff	/* the 16550's scratch register: a byte is kept */
#define PORT_PM_TIMER	0x608	/* what the kernel's acpi_pm clock would read */
#define PORT_NOBODY	0x2f0

/* Every case and the empty loop run the same instructions around %[insn]; its inputs are set each time. */
#define LOOP(insn, leaf, port) do { \
	uint32_t n_ = ITERATIONS; \
	__asm__ volatile("1:\n\tmov %[l], %%eax\n\tmov %[p], %%edx\n\txor %%ecx, %%ecx\n\t" insn "\n\tdec %[n]\n\tjnz 1b" \
			 : [n] "+r"(n_) : [l] "i"(leaf), [p] "i"(port) \
			 : "eax", "ebx", "ecx", "edx", "cc", "memory"); \
} while (0)

#define CASE(name, insn, leaf, port) static void name(void) { LOOP(insn, leaf, port); }
CASE(empty,		"",			0, 0)
CASE(cpuid_0,		"cpuid",		0, 0)
CASE(cpuid_1,		"cpuid",		1, 0)
CASE(out_post,		"outb %%al, %%dx",	0, PORT_POST)
CASE(out_scratch,	"outb %%al, %%dx",	0, PORT_SCRATCH)
CASE(in_scratch,	"inb %%dx, %%al",	0, PORT_SCRATCH)
CASE(in_nobody,		"inb %%dx, %%al",	0, PORT_NOBODY)
CASE(in_pm_timer,	"inl %%dx, %%eax",	0, PORT_PM_TIMER)

static const struct measured { const char *name; void (*run)(void); } measured[] = {
	{ "cpuid_leaf_0", cpuid_0 },
	{ "cpuid_leaf_1", cpuid_1 },
	{ "out_post_0x80", out_post },
	{ "out_uart_scratch_0x3ff", out_scratch },
	{ "in_uart_scratch_0x3ff", in_scratch },
	{ "in_no_device_0x2f0", in_nobody },
	{ "in_pm_timer_0x608", in_pm_timer },
};

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Ticks of a whole batch, sorted. */
static void batches(void (*run)(void), uint64_t ticks[BATCHES])
{
	run();		/* the first one brings code and stack in */
	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t begin = tsc();

		run();
		ticks[i] = tsc() - begin;
	}
	qsort(ticks, BATCHES, sizeof(ticks[0]), by_size);
}

static double each(uint64_t batch, uint64_t base)
{
	return ((double)batch - (double)base) / ITERATIONS;
}

int main(void)
{
	static uint64_t base[BATCHES], ticks[BATCHES];
	int console;

	if (getpid() != 1) {
		fprintf(stderr, "measure: it writes to I/O ports, so it runs only as process 1 of a guest\n");
		return 1;
	}
	console = open("/dev/console", O_RDWR);
	/* A console that is missing shows in the run that reads it: there is nowhere else to say so. */
	if (console >= 0)
		for (int fd = 0; fd < 3; fd++)
			dup2(console, fd);
	if (iopl(3) != 0) {
		perror("bench: iopl");
	} else {
		batches(empty, base);
		for (unsigned i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
			batches(measured[i].run, ticks);
			printf("bench %s min %.2f median %.2f iterations %d batches %d\n", measured[i].name,
			       each(ticks[0], base[0]), each(ticks[BATCHES / 2], base[BATCHES / 2]), ITERATIONS, BATCHES);
		}
	}
	printf("bench end\n");
	for (;;)
		pause();
}
