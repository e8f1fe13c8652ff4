/* SPDX-License-Identifier: MIT */
/* vcpu_backend.h: what the code of vCPUs that is the same for all families of processors has for that of each. */
#pragma once
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vcpu.h"

#define EFER_ALLOWED	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define RFLAGS_TF	(1ull << 8)
#define RFLAGS_IF	(1ull << 9)
#define RFLAGS_RF	(1ull << 16)

enum { VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_DF = 8, VECTOR_PF = 14, VECTOR_AC = 17, VECTOR_MC = 18 };

/* What a second event becomes when it arises while the first, hardware exceptions both, is delivered: SDM Vol. 3,
 * Interrupt 8, "Conditions for Generating a Double Fault". Both as in the record. */
enum vcpu_nested { VCPU_NESTED_SECOND, VCPU_NESTED_DOUBLE, VCPU_NESTED_SHUTDOWN };
enum vcpu_nested vcpu_event_nested(uint32_t first, uint32_t second);

/* Any event is due, or what comes of it beside the one that was. */
void vcpu_inject(struct vcpu *v, uint32_t event, uint32_t error, uint32_t length);
/* What the delivery of a #DB with these @causes (as of one that waits) does to DR6 and DR7. */
void vcpu_debug_registers(struct vcpu *v, uint64_t causes);
/* The rest of vcpu_skip where there is anything: no blocking, no RF, and the trap of a single step. @blocking and
 * @flags: INTERRUPTIBILITY and RFLAGS as they are. */
void vcpu_end_instruction(struct vcpu *v, uint64_t blocking, uint64_t flags);

/* Of a guest in PAE paging the PDPTEs are registers: loaded by MOV to CR, and whatever memory says since. */
static inline bool vcpu_pae_paging(const struct vcpu_state *s)
{
	return (s->cr0 & CR0_PG) && (s->cr4 & CR4_PAE) && !(s->efer & EFER_LMA);
}

bool vcpu_xcr0_valid(const struct vcpu *v, uint64_t value);
