/* SPDX-License-Identifier: MIT */
/* guest.c: a guest that does what its mailbox says, with interrupts off and all memory mapped one to one. */
#include "tests/machine/guest/guest.h"

#define CODE_SELECTOR	0x10ull
#define INTERRUPT_GATE	0x8eull
#define PATIENCE	3000000u	/* turns of a loop */

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

/* In nmi.S. */
extern volatile uint64_t nmi_count, nmi_nested, nmi_page, nmi_want, nmi_fill;
extern char nmi_handler[];
void nmi_send_and_wait(uint64_t rounds);

void guest_gate(uint64_t *idt, unsigned vector, const char *handler, uint64_t ist)
{
	uint64_t at = (uint64_t)handler;

	idt[2 * vector] = (at & 0xffff) | CODE_SELECTOR << 16 | ist << 32 | INTERRUPT_GATE << 40 | (at >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = at >> 32;
}

void guest_idt(const uint64_t *idt, unsigned bytes)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) idtr = { (uint16_t)(bytes - 1), (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

static void take_nmis(void)
{
	static uint64_t idt[2 * 3];

	guest_gate(idt, 2, nmi_handler, 0);
	guest_idt(idt, sizeof(idt));
	nmi_page = box->first;
	nmi_want = box->count;
	nmi_fill = box->stride;
	nmi_count = nmi_nested = 0;
	nmi_send_and_wait(PATIENCE);
	box->writes = nmi_count;
	box->nested = nmi_nested;
}

/* In pae.S. */
void pae_write_twice(uint64_t pdpt, uint64_t other, uint64_t cr0);

#define PRESENT		1ull
#define WRITABLE	2ull
#define LARGE		0x80ull

/* One PDPT, a page directory that maps memory one to one, and two for the second gigabyte, one after the other in use. */
static void write_in_pae_paging(void)
{
	uint64_t first = box->first, (*table)[512] = (uint64_t (*)[512])first;

	for (uint64_t n = 0; n < 512; n++)
		table[1][n] = n << 21 | LARGE | WRITABLE | PRESENT;
	for (uint64_t n = 0; n < 2; n++)
		table[2 + n][0] = PAE_PAGE(first, n) | LARGE | WRITABLE | PRESENT;
	table[0][0] = (first + 0x1000) | PRESENT;
	table[0][1] = (first + 0x2000) | PRESENT;
	pae_write_twice(first, (first + 0x3000) | PRESENT, box->stride);
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
		else if (box->order == ORDER_NMI)
			take_nmis();
		else if (box->order == ORDER_PAE)
			write_in_pae_paging();
		else if (box->order >= ORDER_DEBUG)
			debug_order(box);
		else
			write_random();
		box->ticks = tsc() - begin;
		box->done++;
	}
}
