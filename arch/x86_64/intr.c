/* SPDX-License-Identifier: MIT */
#include "intr.h"
#include <stddef.h>
#include "apic.h"
#include "cpu.h"
#include "firmware.h"
#include "lib/log.h"
#include "msr.h"

struct gate { uint16_t offset0, selector; uint8_t ist, type; uint16_t offset16; uint32_t offset32, reserved; };
_Static_assert(sizeof(struct gate) == 16, "a 64-bit gate has 16 bytes");

#define GATE_INTERRUPT 0x8e
#define VECTOR_NMI 2
#define VECTOR_DF 8
#define VECTOR_MC 18

extern char intr_stubs[];

static struct gate idt[256];
static void (*handler[256])(struct intr_frame *);

static const char *const exception_name[32] = {
	"#DE divide error",
	"#DB debug",
	"NMI",
	"#BP breakpoint",
	"#OF overflow",
	"#BR bound range",
	"#UD invalid opcode",
	"#NM device not available",
	"#DF double fault",
	"coprocessor overrun",
	"#TS invalid TSS",
	"#NP segment not present",
	"#SS stack fault",
	"#GP general protection",
	"#PF page fault",
	"reserved",
	"#MF x87 error",
	"#AC alignment check",
	"#MC machine check",
	"#XM SIMD error",
	"#VE virtualization",
	"#CP control protection",
};

void intr_init(void)
{
	for (unsigned v = 0; v < 256; v++) {
		uint64_t at = (uint64_t)intr_stubs + 16 * v;

		idt[v] = (struct gate){ .offset0 = (uint16_t)at, .selector = SEL_CODE, .type = GATE_INTERRUPT,
					.offset16 = (uint16_t)(at >> 16), .offset32 = (uint32_t)(at >> 32) };
	}
	idt[VECTOR_NMI].ist = IST_NMI;
	idt[VECTOR_DF].ist = IST_DF;
	idt[VECTOR_MC].ist = IST_MC;
}

void intr_load_idt(void)
{
	struct { uint16_t limit; uint64_t base; } __attribute__((packed)) idtr = { sizeof(idt) - 1, (uint64_t)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

uint64_t intr_idt_base(void)
{
	return (uint64_t)idt;
}

void intr_set_handler(uint8_t vector, void (*h)(struct intr_frame *))
{
	handler[vector] = h;
}

static void dump(const struct intr_frame *f)
{
	log_error("cpu", "cpu %u rip %llx cs %llx rflags %llx rsp %llx error %llx cr2 %llx", cpu_this()->index,
		  (unsigned long long)f->rip, (unsigned long long)f->cs, (unsigned long long)f->rflags,
		  (unsigned long long)f->rsp, (unsigned long long)f->error, (unsigned long long)cr2_read());
	log_error("cpu", "rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rbp %llx", (unsigned long long)f->rax,
		  (unsigned long long)f->rbx, (unsigned long long)f->rcx, (unsigned long long)f->rdx,
		  (unsigned long long)f->rsi, (unsigned long long)f->rdi, (unsigned long long)f->rbp);
	log_error("cpu", "r8 %llx r9 %llx r10 %llx r11 %llx r12 %llx r13 %llx r14 %llx r15 %llx",
		  (unsigned long long)f->r8, (unsigned long long)f->r9, (unsigned long long)f->r10,
		  (unsigned long long)f->r11, (unsigned long long)f->r12, (unsigned long long)f->r13,
		  (unsigned long long)f->r14, (unsigned long long)f->r15);
}

void intr_dispatch(struct intr_frame *frame)
{
	extern char image_start[];

	if (handler[frame->vector]) {
		handler[frame->vector](frame);
		return;
	}
	if (frame->vector >= 32) {
		log_warn("cpu", "interrupt with vector %llu has no handler", (unsigned long long)frame->vector);
		if (apic_in_service((uint8_t)frame->vector))
			apic_eoi();
		return;
	}
	if (firmware_fault(frame) || msr_fault(frame))
		return;
	dump(frame);
	if (frame->vector == VECTOR_DF && cpu_overflow_text(cr2_read()))
		panic("%s has overflowed, at image offset %llx", cpu_overflow_text(cr2_read()),
		      (unsigned long long)(frame->rip - (uint64_t)image_start));
	panic("%s in Tern at image offset %llx",
	      exception_name[frame->vector] ? exception_name[frame->vector] : "exception",
	      (unsigned long long)(frame->rip - (uint64_t)image_start));
}
