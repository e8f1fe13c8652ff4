/* SPDX-License-Identifier: MIT */
/* guest.c: a guest that does what its mailbox says, with interrupts off and all memory mapped one to one. */
#include "tests/machine/mailbox.h"

static volatile struct mailbox *const box = (volatile struct mailbox *)MAILBOX_GPA;
static uint64_t counter;

void guest_main(void);

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* The loops are written out, so that reading and writing cost the same whatever the compiler does. */
#define EACH_PAGE(insn) do { \
	uint64_t at_ = box->first, left_ = box->count; \
	__asm__ volatile("1:\n\t" insn "\n\tadd %[stride], %[at]\n\tdec %[left]\n\tjnz 1b" \
			 : [at] "+r"(at_), [left] "+r"(left_) : [stride] "r"(box->stride) : "rax", "cc", "memory"); \
} while (0)

/* Ends with an exit, at which the host takes what a log still holds: it is part of what the writes cost. */
static void write_each(void)
{
	uint32_t a = 0, c = 0;

	EACH_PAGE("mov %[left], (%[at])");
	__asm__ volatile("cpuid" : "+a"(a), "+c"(c) : : "ebx", "edx");
}

static void read_each(void) { EACH_PAGE("mov (%[at]), %%rax"); }

static void write_random(void)
{
	uint64_t x = box->seed, first = box->first, count = box->count, written = 0;

	while (!box->stop) {
		uint64_t page, word;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		page = (x & 0xffffffff) * count >> 32;
		word = (x >> 32 & 0xffff) * HOST_WORD >> 16;
		((volatile uint64_t *)(first + page * 4096))[word] = ++counter;
		box->writes = ++written;
	}
}

void guest_main(void)
{
	for (;;) {
		uint64_t begin;

		__asm__ volatile("hlt" : : : "memory");
		begin = tsc();
		if (box->order == ORDER_WRITE)
			write_each();
		else if (box->order == ORDER_READ)
			read_each();
		else
			write_random();
		box->ticks = tsc() - begin;
		box->done++;
	}
}
