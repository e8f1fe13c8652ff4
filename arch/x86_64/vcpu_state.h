/* SPDX-License-Identifier: MIT */
/* vcpu_state.h: the guest-visible state of one logical processor, as it is saved and moved. */
#pragma once
#include "lib/state.h"

/* Segment registers in the order ES CS SS DS FS GS LDTR TR. */
#define VCPU_SEGMENTS	8
/* Access rights of a segment: bits 8 to 15 and 20 to 23 of its descriptor's upper half, eight places lower, and a bit
 * for a register that holds no segment (a null selector). */
#define VCPU_ACCESS_DPL(access)	((access) >> 5 & 3)
#define VCPU_ACCESS_L		(1u << 13)
#define VCPU_ACCESS_D		(1u << 14)
#define VCPU_ACCESS_UNUSABLE	(1u << 16)
#define VCPU_XSAVE_WORDS 512		/* 4 KiB: x87, SSE, AVX, AVX-512 in standard form */

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
 F(27, 1, uint64_t, pending_debug,	0x1ffff,    "pending debug exceptions") \
 A(28, 1, uint64_t, xsave, 512,		UINT64_MAX, "XSAVE area in standard form") \
 A(29, 1, uint32_t, segment_limit, 8,	0xffffffff, "limits of ES CS SS DS FS GS LDTR TR") \
 A(30, 1, uint32_t, segment_access, 8,	0x1f0ff,    "access rights, see above") \
 F(31, 1, uint32_t, gdtr_limit,		0xffff,	    "GDTR limit") \
 F(32, 1, uint32_t, idtr_limit,		0xffff,	    "IDTR limit") \
 F(33, 1, uint32_t, sysenter_cs,	0xffffffff, "IA32_SYSENTER_CS") \
 F(34, 1, uint32_t, interruptibility,	0xf,	    "blocking by STI, MOV SS, SMI, NMI") \
 F(35, 1, uint32_t, event,		0x80000fff, "event to be injected again, in VM-entry format") \
 F(36, 1, uint32_t, event_error,	0xffffffff, "its error code") \
 F(37, 1, uint32_t, event_length,	15,	    "its instruction length") \
 A(38, 1, uint16_t, segment_selector, 8, 0xffff,    "selectors of ES CS SS DS FS GS LDTR TR") \
 F(39, 1, uint8_t,  halted,		1,	    "waiting in HLT") \
 F(40, 1, uint8_t,  started,		1,	    "not waiting for SIPI") \
 A(41, 1, uint8_t,  reserved, 2,	0,	    "zero")
STATE_STRUCT(vcpu_state, VCPU_STATE_TABLE)
extern const struct state_desc vcpu_state_desc;
