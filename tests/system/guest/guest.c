/* SPDX-License-Identifier: MIT */
/* guest.c: a guest of 10 KiB that starts in no time: rewrites checkable pages and reports as the demo's guest does. A command line
 * that begins with "busy" makes it one that never waits: its ticks come as fast as it gets the CPU. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tools/demo/guest/region.h"

#define PAGES		384		/* 1.5 MiB that change */
#define WRITES_A_TICK	12
#define CHECKS_A_TICK	16
#define TIMER_TICKS	8		/* interrupts between two lines */
#define TIMER_COUNT	2000000		/* of the local APIC's clock, which is the TSC's */
#define TIMER_VECTOR	0x40
#define BUSY_LOOPS	1000000u	/* for each of them, in place of the wait; two instructions each */
#define COM1		0x3f8
#define CMD_LINE_PTR	0x228		/* in boot_params */

void guest_main(const uint8_t *boot_params);
void on_timer(void);

struct gate { uint16_t low, selector, flags, middle; uint32_t high, zero; };
static struct gate idt[TIMER_VECTOR + 1];
static uint64_t words[PAGES * REGION_WORDS] __attribute__((aligned(4096)));
static uint32_t generation[PAGES];
static struct region region = { words, generation, PAGES };
static uint64_t born;

static void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static void lapic(uint32_t reg, uint32_t v)
{
	*(volatile uint32_t *)(uintptr_t)(0xfee00000u + reg) = v;
}

static void put(const char *s)
{
	for (; *s; s++) {
		while (!(in8(COM1 + 5) & 0x20))
			;
		out8(COM1, (uint8_t)*s);
	}
}

static void number(const char *name, uint64_t v, unsigned base, unsigned digits)
{
	char text[24], *p = text + sizeof(text) - 1;

	put(name);
	*p = '\0';
	for (unsigned n = 0; v || n < digits; n++, v /= base)
		*--p = "0123456789abcdef"[v % base];
	put(p);
}

static uint8_t cmos(uint8_t index)
{
	out8(0x70, index);
	return in8(0x71);
}

/* Another boot has another time of day; kept in memory, it moves with the guest. */
static void boot_read(void)
{
	static const uint8_t index[] = { 9, 8, 7, 4, 2, 0 };	/* from years to seconds */

	for (unsigned i = 0; i < sizeof(index); i++)
		born = born << 8 | cmos(index[i]);
}

/* With the tick's number at the end: a line that was put together from two others shows. */
static void boot_put(uint64_t tick)
{
	number(" boot ", born >> 16, 16, 8);
	number("-", born & 0xffff, 16, 4);
	number("-0000-0000-", tick, 16, 12);
}

/* Interrupts come only while the processor waits for them. */
static void timer_start(void)
{
	uintptr_t at = (uintptr_t)on_timer;
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	idt[TIMER_VECTOR] = (struct gate){ (uint16_t)at, 0x10, 0x8e00, (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0 };
	__asm__ volatile("lidt %0" : : "m"(idtr));
	lapic(0xf0, 0x1ff);		/* spurious vector, enabled */
	lapic(0x3e0, 0xb);		/* divide by 1 */
	lapic(0x320, 1u << 17 | TIMER_VECTOR);	/* periodic */
	lapic(0x380, TIMER_COUNT);
}

static void wait(bool busy)
{
	uint32_t loops = BUSY_LOOPS;

	if (busy)
		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(loops));
	else
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static bool is_busy(const uint8_t *boot_params)
{
	const char *line = (const char *)(uintptr_t)*(const uint32_t *)(boot_params + CMD_LINE_PTR);

	return line && line[0] == 'b' && line[1] == 'u' && line[2] == 's' && line[3] == 'y';
}

void guest_main(const uint8_t *boot_params)
{
	bool busy = is_busy(boot_params);
	uint64_t ticks = 0, writes = 0, bad = 0, sum = 0, swept = 0, page_sum, last = 0;
	struct region_fault fault;

	boot_read();
	region_fill(&region);
	if (!busy)
		timer_start();
	put("small guest\n");
	for (;;) {
		for (unsigned n = 0; n < TIMER_TICKS; n++)
			wait(busy);
		for (unsigned n = 0; n < WRITES_A_TICK; n++) {
			uint64_t page = region_pick(writes++, PAGES);

			bad += !region_verify(&region, page, &page_sum, &fault);
			sum = region_fold(sum, page_sum);
			region_write(&region, page);
		}
		for (unsigned n = 0; n < CHECKS_A_TICK; n++, swept = (swept + 1) % PAGES)
			bad += !region_verify(&region, swept, &page_sum, &fault);
		if (tsc() < last)
			put("TIME WENT BACK\n");
		last = tsc();
		number("tick ", ++ticks, 10, 1);
		number(" time ", last, 10, 1);
		number(" real ", last, 10, 1);
		number(" writes ", writes, 10, 1);
		number(" sum ", sum, 16, 16);
		number(" bad ", bad, 10, 1);
		boot_put(ticks);
		put("\n");
	}
}
