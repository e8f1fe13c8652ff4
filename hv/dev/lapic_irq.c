/* SPDX-License-Identifier: MIT */
/* lapic_irq.c: the local APIC's interrupts: acceptance, priority, EOI, delivery on the bus, IPIs. */
#include "hv/dev/lapic.h"
#include "hv/machine.h"

#define SVR_ENABLE	(1u << 8)
#define ICR_LOGICAL	(1u << 11)
#define ICR_ASSERT	(1u << 14)
#define ICR_LEVEL	(1u << 15)

#define ERR_SEND_ILLEGAL	(1u << 5)
#define ERR_RECEIVE_ILLEGAL	(1u << 6)

enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

static int highest(const uint32_t word[8])
{
	for (int i = 7; i >= 0; i--)
		if (word[i])
			return 32 * i + 31 - __builtin_clz(word[i]);
	return -1;
}

static void set(uint32_t word[8], unsigned vector) { word[vector >> 5] |= 1u << (vector & 31); }
static void clear(uint32_t word[8], unsigned vector) { word[vector >> 5] &= ~(1u << (vector & 31)); }
static bool test(const uint32_t word[8], unsigned vector) { return word[vector >> 5] >> (vector & 31) & 1; }

/* --- one local APIC -------------------------------------------------------------------------------- */

uint32_t lapic_ppr(const struct machine *m, unsigned vcpu)
{
	const struct lapic_state *s = &m->lapic[vcpu].s;
	int in_service = highest(s->isr);
	uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xF0;

	return (s->tpr & 0xF0) >= class ? s->tpr : class;
}

static bool software_enabled(const struct machine *m, unsigned vcpu)
{
	return lapic_enabled(m, vcpu) && (m->lapic[vcpu].s.svr & SVR_ENABLE);
}

int lapic_pending(const struct machine *m, unsigned vcpu)
{
	int vector;

	if (!software_enabled(m, vcpu))
		return -1;
	vector = highest(m->lapic[vcpu].s.irr);
	return vector >= 0 && ((uint32_t)vector & 0xF0) > (lapic_ppr(m, vcpu) & 0xF0) ? vector : -1;
}

void lapic_accept(struct machine *m, unsigned vcpu, unsigned vector)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	clear(s->irr, vector);
	set(s->isr, vector);
}

void lapic_eoi(struct machine *m, unsigned vcpu)
{
	struct lapic_state *s = &m->lapic[vcpu].s;
	int vector = highest(s->isr);

	if (vector < 0)
		return;
	clear(s->isr, (unsigned)vector);
	if (test(s->tmr, (unsigned)vector))
		ioapic_eoi(m, (unsigned)vector);
}

bool lapic_takes_extint(const struct machine *m, unsigned vcpu)
{
	uint32_t lint0 = m->lapic[vcpu].s.lvt[LVT_LINT0];

	/* With the APIC off, LINT0 is the processor's INTR pin; only the boot CPU has it wired. */
	if (!lapic_enabled(m, vcpu))
		return vcpu == 0;
	return !(lint0 & LVT_MASKED) && (lint0 >> 8 & 7) == LAPIC_EXTINT;
}

bool lapic_receive(struct machine *m, unsigned vcpu, unsigned vector, bool level)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	if (!software_enabled(m, vcpu))
		return false;
	if (vector < 16) {
		lapic_error(m, vcpu, ERR_RECEIVE_ILLEGAL);
		return false;
	}
	if (level)
		set(s->tmr, vector);
	else
		clear(s->tmr, vector);
	set(s->irr, vector);
	machine_kick(m, vcpu);
	return true;
}

static void take_nmi(struct machine *m, unsigned vcpu)
{
	m->lapic[vcpu].s.nmi_pending = 1;
	machine_kick(m, vcpu);
}

void lapic_local(struct machine *m, unsigned vcpu, enum lapic_lvt entry)
{
	uint32_t lvt = m->lapic[vcpu].s.lvt[entry];
	/* The timer and error entries have no delivery mode: those bits read 0, fixed. */
	unsigned mode = entry == LVT_TIMER || entry == LVT_ERROR ? LAPIC_FIXED : lvt >> 8 & 7;

	if (lvt & LVT_MASKED)
		return;
	if (mode == LAPIC_NMI)
		take_nmi(m, vcpu);
	else if (mode == LAPIC_FIXED)
		lapic_receive(m, vcpu, lvt & LVT_VECTOR, false);
}

void lapic_error(struct machine *m, unsigned vcpu, uint32_t bits)
{
	struct lapic_state *s = &m->lapic[vcpu].s;
	bool news = bits & ~s->esr_pending;

	s->esr_pending |= bits;
	/* An error vector that is itself illegal would come back here: note it and stop. */
	if (news && (s->lvt[LVT_ERROR] & LVT_VECTOR) < 16)
		s->esr_pending |= s->lvt[LVT_ERROR] & LVT_MASKED ? 0 : ERR_RECEIVE_ILLEGAL;
	else if (news)
		lapic_local(m, vcpu, LVT_ERROR);
}

/* --- the bus ---------------------------------------------------------------------------------------- */

static bool matches_logical(const struct machine *m, unsigned vcpu, const struct lapic_message *msg)
{
	const struct lapic_state *s = &m->lapic[vcpu].s;
	uint32_t logical = s->ldr >> 24;

	if (lapic_x2apic(m, vcpu))
		return msg->dest >> 16 == vcpu >> 4 && (msg->dest & 0xFFFF & 1u << (vcpu & 15));
	if (msg->dest > 0xFF)
		return false;
	if (s->dfr >> 28 == 0xF)
		return logical & msg->dest;
	if (s->dfr >> 28 == 0)
		return logical >> 4 == msg->dest >> 4 && (logical & msg->dest & 0xF);
	return false;
}

static bool matches(const struct machine *m, unsigned vcpu, const struct lapic_message *msg)
{
	if (!lapic_enabled(m, vcpu))
		return false;
	if (msg->dest == (msg->wide ? 0xFFFFFFFFu : 0xFFu))
		return true;
	return msg->logical ? matches_logical(m, vcpu, msg) : msg->dest == vcpu;
}

static bool take(struct machine *m, unsigned vcpu, const struct lapic_message *msg)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	switch (msg->mode) {
	case LAPIC_FIXED:
	case LAPIC_LOWEST:
		return lapic_receive(m, vcpu, msg->vector, msg->level);
	case LAPIC_NMI:
		take_nmi(m, vcpu);
		return true;
	case LAPIC_INIT:
		lapic_init(m, vcpu);
		s->init_pending = 1;
		machine_kick(m, vcpu);
		return true;
	case LAPIC_SIPI:
		s->sipi_pending = 1;
		s->sipi_vector = msg->vector;
		machine_kick(m, vcpu);
		return true;
	default:
		/* SMI: there is no SMM. ExtINT: the 8259 reaches vCPUs through LINT0. */
		return false;
	}
}

static bool deliver_to(struct machine *m, uint32_t set_of_vcpus, const struct lapic_message *msg)
{
	unsigned best = m->vcpus;
	bool taken = false;

	if (msg->mode != LAPIC_LOWEST) {
		for (unsigned i = 0; i < m->vcpus; i++)
			if (set_of_vcpus >> i & 1)
				taken |= take(m, i, msg);
		return taken;
	}
	for (unsigned i = 0; i < m->vcpus; i++)
		if ((set_of_vcpus >> i & 1) && software_enabled(m, i) &&
		    (best == m->vcpus || lapic_ppr(m, i) < lapic_ppr(m, best)))
			best = i;
	return best < m->vcpus && take(m, best, msg);
}

bool lapic_deliver(struct machine *m, const struct lapic_message *msg)
{
	uint32_t targets = 0;

	for (unsigned i = 0; i < m->vcpus; i++)
		targets |= (uint32_t)matches(m, i, msg) << i;
	return deliver_to(m, targets, msg);
}

void lapic_send(struct machine *m, unsigned vcpu)
{
	uint64_t icr = m->lapic[vcpu].s.icr;
	bool wide = lapic_x2apic(m, vcpu);
	struct lapic_message msg = {
		.dest = (uint32_t)(wide ? icr >> 32 : icr >> 56), .wide = wide,
		.vector = (uint8_t)icr, .mode = icr >> 8 & 7, .logical = icr & ICR_LOGICAL,
	};
	uint32_t all = (1u << m->vcpus) - 1;

	if (!lapic_enabled(m, vcpu))
		return;
	/* INIT level de-assert only resynchronises arbitration ids, which no CPU since the Pentium has. */
	if (msg.mode == LAPIC_INIT && (icr & ICR_LEVEL) && !(icr & ICR_ASSERT))
		return;
	if ((msg.mode == LAPIC_FIXED || msg.mode == LAPIC_LOWEST) && msg.vector < 16) {
		lapic_error(m, vcpu, ERR_SEND_ILLEGAL);
		return;
	}
	switch ((enum shorthand)(icr >> 18 & 3)) {
	case TO_SELF:
		deliver_to(m, 1u << vcpu, &msg);
		break;
	case TO_ALL:
		deliver_to(m, all, &msg);
		break;
	case TO_OTHERS:
		deliver_to(m, all & ~(1u << vcpu), &msg);
		break;
	case TO_DESTINATION:
		lapic_deliver(m, &msg);
		break;
	}
}
