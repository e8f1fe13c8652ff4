/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/irq.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/nmi.h"
#include "arch/x86_64/time.h"

/* The two 8259 as far as the driver uses them. */
static struct pic { uint8_t icw[4], imr, isr; unsigned step, eois; bool read_isr; } pic[2];
static void (*handler[256])(struct intr_frame *);
static uint64_t now, armed[2];
static unsigned arms, reports;
static char order[16];

static struct pic *chip(uint16_t port)
{
	cr_assert((port & ~0x81u) == 0x20, "port %x", port);
	return &pic[port >> 7 & 1];
}

uint8_t in8(uint16_t port)
{
	struct pic *p = chip(port);

	return port & 1 ? p->imr : p->read_isr ? p->isr : 0;
}

void out8(uint16_t port, uint8_t v)
{
	struct pic *p = chip(port);

	if (port & 1) {
		if (p->step > 0 && p->step < 4)
			p->icw[p->step++] = v;
		else
			p->imr = v;
	} else if (v & 0x10) {
		p->icw[0] = v;
		p->step = 1;
	} else if (v & 8) {
		p->read_isr = (v & 3) == 3;
	} else {
		cr_assert_eq(v, 0x20, "OCW2 %x", v);
		p->isr &= (uint8_t)(p->isr - 1);
		p->eois++;
	}
}

void intr_set_handler(uint8_t vector, void (*h)(struct intr_frame *)) { handler[vector] = h; }
void apic_timer_arm(uint64_t ns) { armed[arms++ % 2] = ns; }
void nmi_report(void) { reports++; }
uint64_t time_ns(void) { return now; }

static void note(void *arg) { strncat(order, arg, 1); }

static void interrupt(uint8_t line, uint8_t isr_master, uint8_t isr_slave)
{
	struct intr_frame f = { .vector = 0x20u + line };

	pic[0].isr = isr_master;
	pic[1].isr = isr_slave;
	handler[f.vector](&f);
}

TestSuite(irq, .init = irq_init);

Test(irq, both_chips_are_set_up_with_all_lines_masked)
{
	cr_expect_eq(memcmp(pic[0].icw, "\x11\x20\x04\x01", 4), 0);
	cr_expect_eq(memcmp(pic[1].icw, "\x11\x28\x02\x01", 4), 0);
	cr_expect_eq(pic[0].imr, 0xfb, "all but the cascade");
	cr_expect_eq(pic[1].imr, 0xff);
	for (unsigned v = 0x20; v < 0x30; v++)
		cr_expect_not_null(handler[v]);
}

Test(irq, a_line_that_is_registered_is_unmasked_and_its_handlers_run_in_turn)
{
	irq_register(11, note, "a");
	irq_register(3, note, "b");
	irq_register(11, note, "c");
	cr_expect_eq(pic[0].imr, 0xf3);
	cr_expect_eq(pic[1].imr, 0xf7);
	interrupt(11, 1 << 2, 1 << 3);
	cr_expect_str_eq(order, "ac");
	cr_expect(pic[0].eois == 1 && pic[1].eois == 1);
	interrupt(3, 1 << 3, 0);
	cr_expect_str_eq(order, "acb");
	cr_expect(pic[0].eois == 2 && pic[1].eois == 1);
}

Test(irq, a_spurious_interrupt_gets_no_eoi_of_its_own_chip)
{
	interrupt(7, 0, 0);
	cr_expect(pic[0].eois == 0 && pic[1].eois == 0);
	interrupt(15, 1 << 2, 0);
	cr_expect(pic[0].eois == 1 && pic[1].eois == 0, "the first chip saw its cascade");
}

Test(irq, what_has_no_place_is_not_registered)
{
	irq_register(16, note, "x");
	for (unsigned i = 0; i < 9; i++)
		irq_register(5, note, "y");
	cr_expect_eq(pic[1].imr, 0xff);
	interrupt(5, 1 << 5, 0);
	cr_expect_str_eq(order, "yyyyyyyy", "eight have places");
}

Test(irq, idling_ends_at_the_deadline_and_never_begins_after_it)
{
	now = 1000;
	irq_idle(5000);
	cr_expect(fake_cpu.waits == 1 && fake_cpu.windows == 0);
	cr_expect(arms == 2 && armed[0] == 4000 && armed[1] == 0, "armed, and stopped again");
	irq_idle(1000);
	cr_expect(fake_cpu.waits == 1 && fake_cpu.windows == 1, "what is pending is taken all the same");
	cr_expect_eq(arms, 2);
	cr_expect_eq(reports, 2, "NMIs are told of here");
}
