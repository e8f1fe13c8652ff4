/* SPDX-License-Identifier: MIT */
/* vcpu_event.c: the events that go into a guest, and what becomes of one that meets another. */
#include "arch/x86_64/vcpu_backend.h"

#define BLOCKING	(VCPU_BLOCKING_STI | VCPU_BLOCKING_MOV_SS)
#define DR6_BREAKPOINTS	0xfull
#define DR6_BD		(1ull << 13)
#define DR6_BS		(1ull << 14)
#define DR6_ACTIVE_LOW	(1ull << 11 | 1ull << 16)	/* BLD and RTM: set in DR6 where the cause is absent */
#define DR7_GD		(1ull << 13)

bool vcpu_interruptible(const struct vcpu *v)
{
	return !v->event && (vcpu_rflags(v) & RFLAGS_IF) && !(vcpu_get(v, VCPU_INTERRUPTIBILITY) & BLOCKING);
}

bool vcpu_nmi_possible(const struct vcpu *v)
{
	return !v->event && !(vcpu_get(v, VCPU_INTERRUPTIBILITY) & (BLOCKING | VCPU_BLOCKING_NMI));
}

void vcpu_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	v->event = VCPU_EVENT_VALID | VCPU_EVENT_INTERRUPT << 8 | vector;
}

void vcpu_inject_nmi(struct vcpu *v)
{
	v->event = VCPU_EVENT_VALID | VCPU_EVENT_NMI << 8 | VECTOR_NMI;
}

/* SDM Vol. 3, Interrupt 8, "Interrupt and Exception Classes": #DE #TS #NP #SS #GP #CP, and #PF #VE. */
#define CONTRIBUTORY	(1u << 0 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 21)
#define PAGE_FAULTS	(1u << VECTOR_PF | 1u << 20)

static bool in_class(uint32_t class, unsigned vector)
{
	return vector < 32 && (class >> vector & 1);
}

enum vcpu_nested vcpu_event_nested(uint32_t first, uint32_t second)
{
	unsigned a = first & 0xff, b = second & 0xff;

	if (!(first & VCPU_EVENT_VALID) || VCPU_EVENT_TYPE(first) != VCPU_EVENT_EXCEPTION ||
	    VCPU_EVENT_TYPE(second) != VCPU_EVENT_EXCEPTION)
		return VCPU_NESTED_SECOND;
	if (!in_class(CONTRIBUTORY | PAGE_FAULTS, b))
		return VCPU_NESTED_SECOND;
	if (a == VECTOR_DF)
		return VCPU_NESTED_SHUTDOWN;
	if (in_class(PAGE_FAULTS, a) || (in_class(CONTRIBUTORY, a) && in_class(CONTRIBUTORY, b)))
		return VCPU_NESTED_DOUBLE;
	return VCPU_NESTED_SECOND;
}

void vcpu_inject(struct vcpu *v, uint32_t event, uint32_t error, uint32_t length)
{
	enum vcpu_nested n = vcpu_event_nested(v->event, event);

	/* An NMI whose delivery comes to nothing has blocked the next ones all the same. */
	if ((v->event & VCPU_EVENT_VALID) && VCPU_EVENT_TYPE(v->event) == VCPU_EVENT_NMI)
		vcpu_set(v, VCPU_INTERRUPTIBILITY, vcpu_get(v, VCPU_INTERRUPTIBILITY) | VCPU_BLOCKING_NMI);
	if (n == VCPU_NESTED_SHUTDOWN) {
		v->shutdown = true;	/* and the double fault stays, for a host that it moves to before */
		return;
	}
	if (n == VCPU_NESTED_DOUBLE) {
		event = VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | VCPU_EVENT_ERROR | VECTOR_DF;
		error = length = 0;
	}
	v->event = event;
	v->event_error = error;
	v->event_length = length;
}

void vcpu_inject_exception(struct vcpu *v, uint8_t vector, bool with_error, uint32_t error)
{
	uint32_t event = VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | vector;

	vcpu_inject(v, event | (with_error ? VCPU_EVENT_ERROR : 0), error, 0);
}

void vcpu_inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error)
{
	vcpu_set(v, VCPU_CR2, linear);
	vcpu_inject_exception(v, VECTOR_PF, true, error);
}

/* What the CPU does when it delivers a #DB, and neither at an exit for one nor at its injection: SDM Vol. 3 "Debug
 * Status Register (DR6)", and "GD" of DR7. */
void vcpu_debug_registers(struct vcpu *v, uint64_t causes)
{
	uint64_t dr6 = (vcpu_get(v, VCPU_DR6) & ~DR6_BREAKPOINTS) | DR6_ACTIVE_LOW;

	dr6 |= causes & (DR6_BREAKPOINTS | DR6_BD | DR6_BS);
	vcpu_set(v, VCPU_DR6, dr6 & ~(causes & DR6_ACTIVE_LOW));
	vcpu_set(v, VCPU_DR7, vcpu_get(v, VCPU_DR7) & ~DR7_GD);
}

void vcpu_end_instruction(struct vcpu *v, uint64_t blocking, uint64_t flags)
{
	uint64_t causes = vcpu_get(v, VCPU_PENDING_DEBUG) | (flags & RFLAGS_TF ? VCPU_PENDING_BS : 0);

	vcpu_set(v, VCPU_INTERRUPTIBILITY, blocking & ~(uint64_t)BLOCKING);
	vcpu_set_rflags(v, flags & ~RFLAGS_RF);
	if (!(causes & (VCPU_PENDING_ENABLED | VCPU_PENDING_BS)))
		return;
	/* As an event, since an interrupt that goes in at the same entry would let a pending one be lost. */
	vcpu_set(v, VCPU_PENDING_DEBUG, 0);
	vcpu_debug_registers(v, causes);
	vcpu_inject_exception(v, VECTOR_DB, false, 0);
}
