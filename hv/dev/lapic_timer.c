/* SPDX-License-Identifier: MIT */
/* lapic_timer.c: the local APIC timer: one-shot, periodic and TSC-deadline. */
#include "hv/dev/lapic.h"
#include "hv/dev/clock.h"
#include "hv/machine.h"

enum timer_mode { ONE_SHOT, PERIODIC, TSC_DEADLINE, RESERVED };

static enum timer_mode mode_of(uint32_t lvt)
{
	return (enum timer_mode)(lvt >> 17 & 3);
}

static enum timer_mode mode(const struct lapic_state *s)
{
	return mode_of(s->lvt[LVT_TIMER]);
}

static uint64_t bus_hz(const struct machine *m)
{
	return m->tsc_khz * 1000;
}

/* Bus clocks per count. */
static uint32_t divisor(const struct lapic_state *s)
{
	uint32_t code = (s->timer_divide & 3) | (s->timer_divide >> 1 & 4);

	return code == 7 ? 1 : 2u << code;
}

/* Bus clocks from one expiry to the next. */
static uint64_t period(const struct lapic_state *s)
{
	return (uint64_t)s->timer_initial * divisor(s);
}

static uint64_t elapsed(const struct machine *m, const struct lapic_state *s, uint64_t now_ns)
{
	return clock_ticks(clock_since(s->timer_start_ns, now_ns), bus_hz(m));
}

/* Expiries since the start; the timer counts only with an initial count. */
static uint64_t expiries(const struct machine *m, const struct lapic_state *s, uint64_t now_ns)
{
	uint64_t clocks = elapsed(m, s, now_ns);

	if (s->timer_initial == 0 || mode(s) >= TSC_DEADLINE)
		return 0;
	if (mode(s) == ONE_SHOT)
		return clocks >= period(s);
	return clocks / period(s);
}

static void poll(struct machine *m, unsigned vcpu, uint64_t now_ns)
{
	struct lapic_state *s = &m->lapic[vcpu].s;
	uint64_t count;

	if (mode(s) == TSC_DEADLINE) {
		if (s->tsc_deadline == 0 || machine_guest_tsc(m) < s->tsc_deadline)
			return;
		s->tsc_deadline = 0;
		lapic_local(m, vcpu, LVT_TIMER);
		return;
	}
	count = expiries(m, s, now_ns);
	if (count <= s->timer_expired)
		return;
	/* Periods that went by unseen are one interrupt: the IRR holds one bit. */
	s->timer_expired = count;
	lapic_local(m, vcpu, LVT_TIMER);
}

uint32_t lapic_timer_current(const struct machine *m, unsigned vcpu)
{
	const struct lapic_state *s = &m->lapic[vcpu].s;
	uint64_t clocks = elapsed(m, s, machine_time_ns(m));

	if (s->timer_initial == 0 || mode(s) >= TSC_DEADLINE)
		return 0;
	if (mode(s) == ONE_SHOT && clocks >= period(s))
		return 0;
	return s->timer_initial - (uint32_t)(clocks % period(s) / divisor(s));
}

void lapic_timer_set_initial(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	if (mode(s) == TSC_DEADLINE)
		return;
	s->timer_initial = value;
	s->timer_start_ns = machine_time_ns(m);
	s->timer_expired = 0;
}

void lapic_timer_set_divide(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;
	uint64_t now = machine_time_ns(m), counted;

	poll(m, vcpu, now);
	counted = s->timer_initial - lapic_timer_current(m, vcpu);
	s->timer_divide = value;
	/* The count goes on from where it is, at the new rate. */
	s->timer_expired = mode(s) == ONE_SHOT ? s->timer_expired : 0;
	s->timer_start_ns = clock_since(clock_ns(counted * divisor(s), bus_hz(m)), now);
}

void lapic_timer_set_lvt(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;
	enum timer_mode was = mode(s), is = mode_of(value);

	/* What expired so far belongs to the old entry, also if that was masked. */
	poll(m, vcpu, machine_time_ns(m));
	if (was != is && (was == TSC_DEADLINE || is == TSC_DEADLINE)) {
		s->timer_initial = 0;
		s->tsc_deadline = 0;
	}
	s->lvt[LVT_TIMER] = value;
	if (was != is)
		s->timer_expired = expiries(m, s, machine_time_ns(m));
}

uint64_t lapic_timer_deadline(const struct machine *m, unsigned vcpu)
{
	const struct lapic_state *s = &m->lapic[vcpu].s;

	return mode(s) == TSC_DEADLINE ? s->tsc_deadline : 0;
}

void lapic_timer_set_deadline(struct machine *m, unsigned vcpu, uint64_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	if (mode(s) != TSC_DEADLINE)
		return;
	s->tsc_deadline = value;
	poll(m, vcpu, machine_time_ns(m));
}

static uint64_t deadline_ns(const struct machine *m, unsigned vcpu)
{
	const struct lapic_state *s = &m->lapic[vcpu].s;
	uint64_t tsc, next;

	if (s->lvt[LVT_TIMER] & LVT_MASKED)
		return CLOCK_NEVER;
	switch (mode(s)) {
	case TSC_DEADLINE:
		if (s->tsc_deadline == 0)
			return CLOCK_NEVER;
		tsc = machine_guest_tsc(m);
		next = clock_since(tsc, s->tsc_deadline);
		return clock_add(machine_time_ns(m), clock_ns(next, bus_hz(m)));
	case ONE_SHOT:
		if (s->timer_initial == 0 || s->timer_expired)
			return CLOCK_NEVER;
		return clock_add(s->timer_start_ns, clock_ns(period(s), bus_hz(m)));
	case PERIODIC:
		if (s->timer_initial == 0)
			return CLOCK_NEVER;
		next = clock_add(s->timer_expired, 1);
		if (__builtin_mul_overflow(next, period(s), &next))
			return CLOCK_NEVER;
		return clock_add(s->timer_start_ns, clock_ns(next, bus_hz(m)));
	default:
		return CLOCK_NEVER;
	}
}

uint64_t lapic_timers_deadline_ns(const struct machine *m)
{
	uint64_t next = CLOCK_NEVER;

	for (unsigned i = 0; i < m->vcpus; i++) {
		uint64_t mine = deadline_ns(m, i);

		next = mine < next ? mine : next;
	}
	return next;
}

void lapic_timers_poll(struct machine *m, uint64_t now_ns)
{
	for (unsigned i = 0; i < m->vcpus; i++)
		poll(m, i, now_ns);
}
