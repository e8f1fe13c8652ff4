/* SPDX-License-Identifier: MIT */
/* vmcb.h: typed access to a virtual machine control block, and what its control fields mean. */
#pragma once
#include <stdint.h>
#include <string.h>
#include "arch/x86_64/svm/vmcb_fields.h"
#include "lib/addr.h"

struct vmcb { uint8_t byte[PAGE_SIZE]; };

static inline uint64_t vmcb_read(const struct vmcb *b, enum vmcb_field field)
{
	uint64_t value = 0;

	memcpy(&value, b->byte + (field & ((1u << VMCB_WIDTH_SHIFT) - 1)), field >> VMCB_WIDTH_SHIFT);
	return value;
}

static inline void vmcb_write(struct vmcb *b, enum vmcb_field field, uint64_t value)
{
	memcpy(b->byte + (field & ((1u << VMCB_WIDTH_SHIFT) - 1)), &value, field >> VMCB_WIDTH_SHIFT);
}

/* Sets or clears @bits. */
static inline void vmcb_change(struct vmcb *b, enum vmcb_field field, uint64_t bits, _Bool on)
{
	uint64_t value = vmcb_read(b, field);

	vmcb_write(b, field, on ? value | bits : value & ~bits);
}

/* The four words of each segment register lie as those of ES do, 16 bytes on for each in the order ES CS SS DS FS GS;
 * LDTR and TR lie further, behind GDTR and IDTR. */
#define VMCB_SEGMENT(word, s) \
	((enum vmcb_field)(VMCB_ES_##word + 16 * ((s) < SEG_LDTR ? (unsigned)(s) : (s) == SEG_LDTR ? 7u : 9u)))

const char *vmcb_field_name(enum vmcb_field field);
/* Logs every field of @b. */
void vmcb_dump(const struct vmcb *b);

/* INTERCEPT_1 */
#define INTERCEPT_INTR		(1u << 0)
#define INTERCEPT_NMI		(1u << 1)
#define INTERCEPT_VINTR		(1u << 4)
#define INTERCEPT_RDPMC		(1u << 15)
#define INTERCEPT_CPUID		(1u << 18)
#define INTERCEPT_IRET		(1u << 20)
#define INTERCEPT_INVD		(1u << 22)
#define INTERCEPT_HLT		(1u << 24)
#define INTERCEPT_INVLPGA	(1u << 26)
#define INTERCEPT_IOIO		(1u << 27)
#define INTERCEPT_MSR		(1u << 28)
#define INTERCEPT_SHUTDOWN	(1u << 31)
/* INTERCEPT_2 */
#define INTERCEPT_VMRUN		(1u << 0)
#define INTERCEPT_VMMCALL	(1u << 1)
#define INTERCEPT_VMLOAD	(1u << 2)
#define INTERCEPT_VMSAVE	(1u << 3)
#define INTERCEPT_STGI		(1u << 4)
#define INTERCEPT_CLGI		(1u << 5)
#define INTERCEPT_SKINIT	(1u << 6)
#define INTERCEPT_WBINVD	(1u << 9)
#define INTERCEPT_MONITOR	(1u << 10)
#define INTERCEPT_MWAIT		(1u << 11)
#define INTERCEPT_XSETBV	(1u << 13)
/* TLB_CONTROL */
enum { TLB_KEEP = 0, TLB_FLUSH_ALL = 1, TLB_FLUSH_ASID = 3 };
/* VIRTUAL_INTERRUPT */
#define VIRTUAL_IRQ		(1ull << 8)
#define VIRTUAL_IRQ_PRIORITY	(15ull << 16)
#define VIRTUAL_IGNORE_TPR	(1ull << 20)
#define VIRTUAL_INTR_MASKING	(1ull << 24)
/* INTERRUPT_SHADOW */
#define SHADOW			1ull
/* EXITINTINFO and EVENTINJ: an event as a vCPU's record has it, but for INT3 and INTO, which are exceptions here; the
 * error code lies above. */
#define EVENT_BITS		0x80000fffull
#define EVENT_ERROR_SHIFT	32
