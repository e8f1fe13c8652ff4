/* SPDX-License-Identifier: MIT */
#include "irq.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/nmi.h"
#include "arch/x86_64/time.h"
#include "lib/log.h"

#define PIC1		0x20
#define PIC2		0xa0
#define ICW1_INIT	0x11
#define ICW4_8086	0x01
#define OCW2_EOI	0x20
#define OCW3_ISR	0x0b
#define CASCADE		2
#define HANDLERS	8

static struct { uint8_t line; void (*handler)(void *); void *arg; } entry[HANDLERS];
static unsigned entries;

static void on_irq(struct intr_frame *frame)
{
	uint8_t line = (uint8_t)(frame->vector - VECTOR_IRQ0);

	for (unsigned i = 0; i < entries; i++)
		if (entry[i].line == line)
			entry[i].handler(entry[i].arg);
	/* A spurious interrupt of line 7 or 15 is not in service and wants no EOI of its own chip. */
	if (line >= 8) {
		out8(PIC2, OCW3_ISR);
		if (in8(PIC2))
			out8(PIC2, OCW2_EOI);
		out8(PIC1, OCW2_EOI);
		return;
	}
	out8(PIC1, OCW3_ISR);
	if (in8(PIC1))
		out8(PIC1, OCW2_EOI);
}

void irq_init(void)
{
	out8(PIC1, ICW1_INIT);
	out8(PIC2, ICW1_INIT);
	out8(PIC1 + 1, VECTOR_IRQ0);
	out8(PIC2 + 1, VECTOR_IRQ0 + 8);
	out8(PIC1 + 1, 1 << CASCADE);
	out8(PIC2 + 1, CASCADE);
	out8(PIC1 + 1, ICW4_8086);
	out8(PIC2 + 1, ICW4_8086);
	out8(PIC1 + 1, (uint8_t)~(1u << CASCADE));
	out8(PIC2 + 1, 0xff);
	for (unsigned i = 0; i < 16; i++)
		intr_set_handler((uint8_t)(VECTOR_IRQ0 + i), on_irq);
}

void irq_register(uint8_t line, void (*handler)(void *), void *arg)
{
	uint16_t port = line < 8 ? PIC1 + 1 : PIC2 + 1;

	if (line > 15 || entries == HANDLERS) {
		log_error("irq", "line %u can't be used: %s", line,
			  line > 15 ? "the 8259 has lines 0 to 15" : "too many handlers");
		return;
	}
	entry[entries].line = line;
	entry[entries].handler = handler;
	entry[entries].arg = arg;
	entries++;
	out8(port, (uint8_t)(in8(port) & ~(1u << (line & 7))));
}

void irq_idle(uint64_t deadline_ns)
{
	uint64_t now = time_ns();

	nmi_report();
	if (deadline_ns <= now) {
		cpu_sti_cli();
		return;
	}
	apic_timer_arm(deadline_ns - now);
	cpu_sti_hlt_cli();
	apic_timer_arm(0);
}
