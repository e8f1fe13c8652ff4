/* SPDX-License-Identifier: MIT */
/* vcpu_state.h: the guest-visible state of one logical processor, as it is saved and moved. */
#pragma once
#include "lib/state.h"

enum vcpu_gpr { GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI, GPR_R8 /* ... R15 */ };
enum vcpu_segment { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR };
#define VCPU_SEGMENTS	8
#define VCPU_PDPTES	4
#define VCPU_XSAVE_WORDS 512		/* 4 KiB: x87, SSE, AVX, AVX-512 in standard form */

/* What is no register has these numbers, in every family of processors. */

/* Access rights of a segment: bits 8 to 15 and 20 to 23 of its descriptor's upper half, eight places lower, and a bit
 * for a register that holds no segment (a null selector). */
#define VCPU_ACCESS_DPL(access)	((access) >> 5 & 3)
#define VCPU_ACCESS_L		(1u << 13)
#define VCPU_ACCESS_D		(1u << 14)
#define VCPU_ACCESS_UNUSABLE	(1u << 16)
/* What keeps interrupts or NMIs away: the instruction after STI, MOV SS or POP SS; System Management Mode; an NMI's
 * handler, until its IRET. */
#define VCPU_BLOCKING_STI	(1u << 0)
#define VCPU_BLOCKING_MOV_SS	(1u << 1)
#define VCPU_BLOCKING_NMI	(1u << 3)
/* An event: its vector in bits 0 to 7, its type, whether it has an error code. Without "valid" there is none. INT n,
 * INT1, INT3 and INTO have the length of their instruction, on which RIP stands. */
#define VCPU_EVENT_TYPE(event)	((event) >> 8 & 7)
#define VCPU_EVENT_ERROR	(1u << 11)
#define VCPU_EVENT_VALID	(1u << 31)
enum vcpu_event_type {
	VCPU_EVENT_INTERRUPT = 0, VCPU_EVENT_NMI = 2, VCPU_EVENT_EXCEPTION = 3, VCPU_EVENT_INT_N = 4,
	VCPU_EVENT_INT1 = 5, VCPU_EVENT_INT3_INTO = 6,
};
/* A #DB that waits: its causes as in DR6 (but bits 11 and 16, which are 1 for a cause here), and whether one of its
 * breakpoints is enabled in DR7. */
#define VCPU_PENDING_ENABLED	(1u << 12)
#define VCPU_PENDING_BS		(1u << 14)

#define VCPU_STATE_TABLE(F, A) \
 A( 1, 1, uint64_t, gpr, 16,		UINT64_MAX, "RAX RCX RDX RBX RSP RBP RSI RDI R8-R15") \
 F( 2, 1, uint64_t, rip,		UINT64_MAX, "RIP") \
 F( 3, 1, uint64_t, rflags,		0x3fffff,   "RFLAGS") \
 F( 4, 1, uint64_t, cr0,		0xffffffff, "CR0 as the guest reads it") \
 F( 5, 1, uint64_t, cr2,		UINT64_MAX, "CR2") \
 F( 6, 1, uint64_t, cr3,		0x000fffffffffffffull, "CR3") \
 F( 7, 1, uint64_t, cr4,		0x7ffffff,  "CR4 as the guest reads it") \
 F( 8, 1, uint64_t, xcr0,		UINT64_MAX, "XCR0") \
 F( 9, 1, uint64_t, efer,		0xffff,	    "IA32_EFER") \
 A(42, 2, uint64_t, pdpte, 4,		UINT64_MAX, "PDPTEs of a guest in PAE paging, else 0") \
 A(10, 1, uint64_t, dr, 4,		UINT64_MAX, "DR0-DR3") \
 F(11, 1, uint64_t, dr6,		0xffffffff, "DR6") \
 F(12, 1, uint64_t, dr7,		0xffffffff, "DR7") \
 A(13, 1, uint64_t, segment_base, 8,	UINT64_MAX, "bases of ES CS SS DS FS GS LDTR TR") \
 F(14, 1, uint64_t, gdtr_base,		UINT64_MAX, "GDTR base") \
 F(15, 1, uint64_t, idtr_base,		UINT64_MAX, "IDTR base") \
 F(16, 1, uint64_t, pat,		UINT64_MAX, "IA32_PAT") \
 F(17, 1, uint64_t, star,		UINT64_MAX, "IA32_STAR") \
 F(18, 1, uint64_t, lstar,		UINT64_MAX, "IA32_LSTAR") \
 F(19, 1, uint64_t, cstar,		UINT64_MAX, "IA32_CSTAR") \
 F(20, 1, uint64_t, fmask,		UINT64_MAX, "IA32_FMASK") \
 F(21, 1, uint64_t, kernel_gs_base,	UINT64_MAX, "IA32_KERNEL_GS_BASE") \
 F(22, 1, uint64_t, sysenter_esp,	UINT64_MAX, "IA32_SYSENTER_ESP") \
 F(23, 1, uint64_t, sysenter_eip,	UINT64_MAX, "IA32_SYSENTER_EIP") \
 F(24, 1, uint64_t, tsc_aux,		0xffffffff, "IA32_TSC_AUX") \
 F(25, 1, uint64_t, tsc_adjust,		UINT64_MAX, "IA32_TSC_ADJUST") \
 F(26, 1, uint64_t, misc_enable,	UINT64_MAX, "IA32_MISC_ENABLE") \
 F(27, 1, uint64_t, pending_debug,	0x1ffff,    "the #DB that waits") \
 A(28, 1, uint64_t, xsave, 512,		UINT64_MAX, "XSAVE area in standard form") \
 A(29, 1, uint32_t, segment_limit, 8,	0xffffffff, "limits of ES CS SS DS FS GS LDTR TR") \
 A(30, 1, uint32_t, segment_access, 8,	0x1f0ff,    "their access rights") \
 F(31, 1, uint32_t, gdtr_limit,		0xffff,	    "GDTR limit") \
 F(32, 1, uint32_t, idtr_limit,		0xffff,	    "IDTR limit") \
 F(33, 1, uint32_t, sysenter_cs,	0xffffffff, "IA32_SYSENTER_CS") \
 F(34, 1, uint32_t, interruptibility,	0xf,	    "blocking by STI, MOV SS, SMI, NMI") \
 F(35, 1, uint32_t, event,		0x80000fff, "whose delivery is due or was cut short") \
 F(36, 1, uint32_t, event_error,	0xffffffff, "its error code") \
 F(37, 1, uint32_t, event_length,	15,	    "its instruction length") \
 A(38, 1, uint16_t, segment_selector, 8, 0xffff,    "selectors of ES CS SS DS FS GS LDTR TR") \
 F(39, 1, uint8_t,  halted,		1,	    "waiting in HLT") \
 F(40, 1, uint8_t,  started,		1,	    "not waiting for SIPI") \
 A(41, 1, uint8_t,  reserved, 2,	0,	    "zero")
STATE_STRUCT(vcpu_state, VCPU_STATE_TABLE)

/* Registers by name, and where the record has them. */
#define VCPU_REGISTERS(X) \
	X(RIP, rip) X(RSP, gpr[GPR_RSP]) X(RFLAGS, rflags) X(CR0, cr0) X(CR2, cr2) X(CR3, cr3) X(CR4, cr4) \
	X(EFER, efer) X(DR6, dr6) X(DR7, dr7) X(GDTR_BASE, gdtr_base) X(GDTR_LIMIT, gdtr_limit) \
	X(IDTR_BASE, idtr_base) X(IDTR_LIMIT, idtr_limit) X(PAT, pat) X(STAR, star) X(LSTAR, lstar) X(CSTAR, cstar) \
	X(FMASK, fmask) X(KERNEL_GS_BASE, kernel_gs_base) X(SYSENTER_CS, sysenter_cs) \
	X(SYSENTER_ESP, sysenter_esp) X(SYSENTER_EIP, sysenter_eip) X(INTERRUPTIBILITY, interruptibility) \
	X(PENDING_DEBUG, pending_debug)
/* And those of which it has several: + enum vcpu_segment, or the number of the PDPTE. */
#define VCPU_REGISTER_ARRAYS(X) \
	X(SELECTOR, segment_selector, VCPU_SEGMENTS) X(BASE, segment_base, VCPU_SEGMENTS) \
	X(LIMIT, segment_limit, VCPU_SEGMENTS) X(ACCESS, segment_access, VCPU_SEGMENTS) X(PDPTE, pdpte, VCPU_PDPTES)

#define VCPU_REG_ENUM(name, row) VCPU_##name,
#define VCPU_REG_ARRAY_ENUM(name, row, n) VCPU_##name, VCPU_##name##_END = VCPU_##name + (n) - 1,
enum vcpu_reg {
	VCPU_TSC_OFFSET,	/* guest TSC = host TSC + this; no part of the record */
	VCPU_REGISTERS(VCPU_REG_ENUM) VCPU_REGISTER_ARRAYS(VCPU_REG_ARRAY_ENUM) VCPU_REGS
};

/* Of the record; VCPU_TSC_OFFSET is 0 there. */
uint64_t vcpu_state_get(const struct vcpu_state *s, enum vcpu_reg r);
void vcpu_state_set(struct vcpu_state *s, enum vcpu_reg r, uint64_t value);
extern const struct state_desc vcpu_state_desc;
