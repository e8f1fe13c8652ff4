/* SPDX-License-Identifier: MIT */
/* intr.h: the host's IDT: exceptions end in a panic with a dump, interrupts in a table of handlers. */
#pragma once
#include <stdint.h>

#define VECTOR_IRQ0	0x20	/* 8259 lines 0-15 */
#define VECTOR_TIMER	0x40	/* local APIC timer: wakes the idle point */
#define VECTOR_IPI	0x41	/* mailbox */
#define VECTOR_SPURIOUS	0xff

/* What the entry stubs push; SDM Vol. 3 "64-Bit Mode Stack Frame". */
struct intr_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Fills the IDT once, at boot. */
void intr_init(void);
void intr_load_idt(void);
uint64_t intr_idt_base(void);
/* @handler runs with interrupts off and must acknowledge its interrupt itself. */
void intr_set_handler(uint8_t vector, void (*handler)(struct intr_frame *frame));
/* Called by the stubs. */
void intr_dispatch(struct intr_frame *frame);
