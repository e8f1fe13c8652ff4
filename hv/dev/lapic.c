/* SPDX-License-Identifier: MIT */
/* lapic.c: the register file of the local APIC, seen as MMIO page and as MSRs. */
#include "hv/dev/lapic.h"
#include <string.h>
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, lapic_state, LAPIC_TABLE, .name = "lapic", .type = 0x0100, .version = 1);

#define VERSION		(((LVT_COUNT - 1u) << 16) | 0x14u)
#define SVR_ENABLE	(1u << 8)
#define LVT_EXTINT	0x700u
#define LVT_NMI		0x400u
#define ICR_LOW		0x000CCFFFu	/* writable bits of the low half */
#define ICR_STATUS	(1u << 12)	/* delivery status: always idle here */

#define ERR_ILLEGAL_REGISTER (1u << 7)

static const uint32_t lvt_writable[LVT_COUNT] = {
	[LVT_TIMER] = 0x700FF, [LVT_THERMAL] = 0x107FF, [LVT_PERF] = 0x107FF,
	[LVT_LINT0] = 0x1A7FF, [LVT_LINT1] = 0x1A7FF, [LVT_ERROR] = 0x100FF,
};

bool lapic_enabled(const struct machine *m, unsigned vcpu)
{
	return m->lapic[vcpu].s.apic_base & LAPIC_BASE_ENABLE;
}

bool lapic_x2apic(const struct machine *m, unsigned vcpu)
{
	const uint64_t both = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;

	return (m->lapic[vcpu].s.apic_base & both) == both;
}

/* --- registers that aren't plain words ------------------------------------------------------------ */

static uint32_t read_id(const struct machine *m, unsigned vcpu)
{
	return lapic_x2apic(m, vcpu) ? vcpu : vcpu << 24;
}

static uint32_t read_version(const struct machine *m, unsigned vcpu)
{
	(void)m, (void)vcpu;
	return VERSION;
}

static uint32_t read_zero(const struct machine *m, unsigned vcpu)
{
	(void)m, (void)vcpu;
	return 0;
}

static uint32_t read_ldr(const struct machine *m, unsigned vcpu)
{
	if (!lapic_x2apic(m, vcpu))
		return m->lapic[vcpu].s.ldr;
	return (vcpu >> 4) << 16 | 1u << (vcpu & 15);
}

static uint32_t read_icr_high(const struct machine *m, unsigned vcpu)
{
	return (uint32_t)(m->lapic[vcpu].s.icr >> 32);
}

static uint32_t read_icr_low(const struct machine *m, unsigned vcpu)
{
	return (uint32_t)m->lapic[vcpu].s.icr;
}

static void write_eoi(struct machine *m, unsigned vcpu, uint32_t value)
{
	(void)value;
	lapic_eoi(m, vcpu);
}

static void write_dfr(struct machine *m, unsigned vcpu, uint32_t value)
{
	m->lapic[vcpu].s.dfr = value | 0x0FFFFFFFu;
}

static void write_svr(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	s->svr = value;
	if (value & SVR_ENABLE)
		return;
	/* Turning the APIC off by software masks every local source. */
	for (unsigned i = 0; i < LVT_COUNT; i++)
		s->lvt[i] |= LVT_MASKED;
}

static void write_esr(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	(void)value;
	s->esr = s->esr_pending;
	s->esr_pending = 0;
}

static void write_icr_low(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	s->icr = (s->icr & ~0xFFFFFFFFull) | value;
	lapic_send(m, vcpu);
}

static void write_icr_high(struct machine *m, unsigned vcpu, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	s->icr = (s->icr & 0xFFFFFFFFull) | (uint64_t)value << 32;
}

static void write_self_ipi(struct machine *m, unsigned vcpu, uint32_t value)
{
	if (value < 16)
		lapic_error(m, vcpu, 1u << 5);
	else
		lapic_receive(m, vcpu, value, false);
}

/* --- the register table --------------------------------------------------------------------------- */

enum { R = 1, W = 2, XR = 4, XW = 8, RW = R | W, ALL = R | W | XR | XW };

/* What an access to a register does; without read or write function the word at @offset is it. */
struct reg {
	uint8_t access;			/* R, W: in xAPIC mode; XR, XW: in x2APIC mode */
	uint8_t lvt;			/* entry + 1 if this is a local vector */
	uint16_t offset;
	uint32_t writable;
	uint32_t (*read)(const struct machine *m, unsigned vcpu);
	void (*write)(struct machine *m, unsigned vcpu, uint32_t value);
};

#define AT(field)	.offset = offsetof(struct lapic_state, field)
#define WORDS(n, field) \
	[n] = { R | XR, AT(field[0]) }, [n + 1] = { R | XR, AT(field[1]) }, \
	[n + 2] = { R | XR, AT(field[2]) }, [n + 3] = { R | XR, AT(field[3]) }, \
	[n + 4] = { R | XR, AT(field[4]) }, [n + 5] = { R | XR, AT(field[5]) }, \
	[n + 6] = { R | XR, AT(field[6]) }, [n + 7] = { R | XR, AT(field[7]) }
#define LOCAL(n, entry)	[n] = { ALL, .lvt = entry + 1, AT(lvt[entry]) }

/* Indexed by MMIO offset / 16 = MSR - 0x800. */
static const struct reg regs[0x40] = {
	[0x02] = { R | XR, .read = read_id },
	[0x03] = { R | XR, .read = read_version },
	[0x08] = { ALL, AT(tpr), .writable = 0xFF },
	[0x09] = { R, .read = read_zero },
	[0x0A] = { R | XR, .read = lapic_ppr },
	[0x0B] = { W | XW, .write = write_eoi },
	[0x0C] = { R, .read = read_zero },
	[0x0D] = { RW | XR, AT(ldr), .writable = 0xFF000000, .read = read_ldr },
	[0x0E] = { RW, AT(dfr), .writable = 0xFFFFFFFF, .write = write_dfr },
	[0x0F] = { ALL, AT(svr), .writable = 0x1FF, .write = write_svr },
	WORDS(0x10, isr), WORDS(0x18, tmr), WORDS(0x20, irr),
	[0x28] = { ALL, AT(esr), .write = write_esr },
	[0x30] = { ALL, .writable = ICR_LOW, .read = read_icr_low, .write = write_icr_low },
	[0x31] = { RW, .writable = 0xFF000000, .read = read_icr_high, .write = write_icr_high },
	LOCAL(0x32, LVT_TIMER), LOCAL(0x33, LVT_THERMAL), LOCAL(0x34, LVT_PERF),
	LOCAL(0x35, LVT_LINT0), LOCAL(0x36, LVT_LINT1), LOCAL(0x37, LVT_ERROR),
	[0x38] = { ALL, AT(timer_initial), .writable = 0xFFFFFFFF, .write = lapic_timer_set_initial },
	[0x39] = { R | XR, .read = lapic_timer_current },
	[0x3E] = { ALL, AT(timer_divide), .writable = 0xB, .write = lapic_timer_set_divide },
	[0x3F] = { XW, .writable = 0xFF, .write = write_self_ipi },
};

static uint32_t reg_read(const struct machine *m, unsigned vcpu, const struct reg *r)
{
	uint32_t value;

	if (r->read)
		return r->read(m, vcpu);
	memcpy(&value, (const char *)&m->lapic[vcpu].s + r->offset, sizeof(value));
	return value;
}

/* @value has only writable bits. */
static void reg_write(struct machine *m, unsigned vcpu, const struct reg *r, uint32_t value)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	if (r->lvt) {
		if (!(s->svr & SVR_ENABLE))
			value |= LVT_MASKED;
		if (r->lvt == LVT_TIMER + 1) {
			lapic_timer_set_lvt(m, vcpu, value);
			return;
		}
	}
	if (r->write)
		r->write(m, vcpu, value);
	else
		memcpy((char *)s + r->offset, &value, sizeof(value));
}

static uint32_t reg_writable(const struct reg *r)
{
	return r->lvt ? lvt_writable[r->lvt - 1] : r->writable;
}

static void access(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write, uint64_t *value)
{
	const struct reg *r = offset < 0x400 ? &regs[offset >> 4] : NULL;
	uint64_t word;

	if (!lapic_enabled(m, vcpu) || lapic_x2apic(m, vcpu)) {
		/* The page does not decode; nothing answers behind it. */
		if (!is_write)
			*value = UINT64_MAX;
		return;
	}
	if (!r || !(r->access & (is_write ? W : R))) {
		lapic_error(m, vcpu, ERR_ILLEGAL_REGISTER);
		if (!is_write)
			*value = 0;
		return;
	}
	/* The SDM defines only aligned 32-bit accesses; narrower reads get their bytes, other writes nothing. */
	if (is_write) {
		if ((offset & 15) == 0 && size >= 4)
			reg_write(m, vcpu, r, (uint32_t)*value & reg_writable(r));
		return;
	}
	word = (offset & 15) < 4 ? reg_read(m, vcpu, r) : 0;
	*value = word >> 8 * (offset & 3);
}

/* --- MSRs ------------------------------------------------------------------------------------------ */

bool lapic_rdmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t *value)
{
	const struct reg *r;

	if (msr == MSR_APIC_BASE) {
		*value = m->lapic[vcpu].s.apic_base;
		return true;
	}
	if (msr == MSR_TSC_DEADLINE) {
		*value = lapic_timer_deadline(m, vcpu);
		return true;
	}
	if (msr < MSR_X2APIC_FIRST || msr >= MSR_X2APIC_FIRST + 0x40 || !lapic_x2apic(m, vcpu))
		return false;
	r = &regs[msr - MSR_X2APIC_FIRST];
	if (!(r->access & XR))
		return false;
	*value = msr == MSR_X2APIC_FIRST + 0x30 ? m->lapic[vcpu].s.icr : reg_read(m, vcpu, r);
	return true;
}

static bool write_base(struct machine *m, unsigned vcpu, uint64_t value)
{
	const uint64_t mode = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;
	struct lapic_state *s = &m->lapic[vcpu].s;
	uint64_t was = s->apic_base & mode, is = value & mode;

	/* The page stays where every PC has it. */
	if ((value & ~(mode | LAPIC_BASE_BSP)) != LAPIC_GPA || is == LAPIC_BASE_X2APIC)
		return false;
	if ((is & LAPIC_BASE_X2APIC) && !m->x2apic)
		return false;
	/* SDM "x2APIC State Transitions": only xAPIC leads to x2APIC, and x2APIC only to off. */
	if ((was == 0 && is == mode) || (was == mode && is == LAPIC_BASE_ENABLE))
		return false;
	s->apic_base = (value & ~LAPIC_BASE_BSP) | (s->apic_base & LAPIC_BASE_BSP);
	if (was != is && is == 0)
		lapic_init(m, vcpu);
	if (was != is && is == mode)
		s->icr &= 0xFFFFFFFFull;
	return true;
}

bool lapic_wrmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t value)
{
	const struct reg *r;

	if (msr == MSR_APIC_BASE)
		return write_base(m, vcpu, value);
	if (msr == MSR_TSC_DEADLINE) {
		lapic_timer_set_deadline(m, vcpu, value);
		return true;
	}
	if (msr < MSR_X2APIC_FIRST || msr >= MSR_X2APIC_FIRST + 0x40 || !lapic_x2apic(m, vcpu))
		return false;
	r = &regs[msr - MSR_X2APIC_FIRST];
	if (!(r->access & XW))
		return false;
	if (msr == MSR_X2APIC_FIRST + 0x30) {
		if ((uint32_t)value & ~(ICR_LOW | ICR_STATUS))
			return false;
		m->lapic[vcpu].s.icr = value & ~(uint64_t)ICR_STATUS;
		lapic_send(m, vcpu);
		return true;
	}
	if (value & ~(uint64_t)reg_writable(r))
		return false;
	reg_write(m, vcpu, r, (uint32_t)value);
	return true;
}

/* --- life and state -------------------------------------------------------------------------------- */

void lapic_init(struct machine *m, unsigned vcpu)
{
	struct lapic_state *s = &m->lapic[vcpu].s;
	uint64_t base = s->apic_base;

	memset(s, 0, sizeof(*s));
	s->apic_base = base;
	s->dfr = 0xFFFFFFFFu;
	s->svr = 0xFF;
	for (unsigned i = 0; i < LVT_COUNT; i++)
		s->lvt[i] = LVT_MASKED;
}

/* Power-on state; vCPU 0 as firmware leaves it: enabled, virtual wire through LINT0, NMI at LINT1. */
static void reset_one(struct machine *m, unsigned vcpu)
{
	struct lapic_state *s = &m->lapic[vcpu].s;

	s->apic_base = LAPIC_GPA | LAPIC_BASE_ENABLE | (vcpu == 0 ? LAPIC_BASE_BSP : 0);
	lapic_init(m, vcpu);
	if (vcpu != 0)
		return;
	s->svr |= SVR_ENABLE;
	s->lvt[LVT_LINT0] = LVT_EXTINT;
	s->lvt[LVT_LINT1] = LVT_NMI;
}

static void reset(struct machine *m)
{
	for (unsigned i = 0; i < m->vcpus; i++)
		reset_one(m, i);
}

static unsigned count(const struct machine *m)
{
	return m->vcpus;
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct lapic_state *s = record;
	const uint64_t mode = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;
	const char *bad = NULL;

	if ((s->apic_base & ~(mode | LAPIC_BASE_BSP)) != LAPIC_GPA || (s->apic_base & mode) == LAPIC_BASE_X2APIC ||
	    !(s->apic_base & LAPIC_BASE_BSP) != (instance != 0))
		bad = "apic_base";
	else if (s->icr & ~(0xFFFFFFFF00000000ull | ICR_LOW))
		bad = "icr";
	else if ((s->irr[0] | s->isr[0] | s->tmr[0]) & 0xFFFF)
		bad = "irr, isr or tmr below vector 16";
	else if (s->timer_divide & ~0xBu)
		bad = "timer_divide";
	for (unsigned i = 0; i < LVT_COUNT && !bad; i++)
		if (s->lvt[i] & ~lvt_writable[i])
			bad = "lvt";
	if (bad) {
		why_set(why, "record lapic %u: impossible value in %s", instance, bad);
		return ERR_RANGE;
	}
	if ((s->apic_base & LAPIC_BASE_X2APIC) && !m->x2apic) {
		why_set(why, "lapic %u is in x2APIC mode, which this VM's CPU policy does not show", instance);
		return ERR_UNSUPPORTED;
	}
	return ERR_OK;
}

static void acpi(struct acpi_parts *a)
{
	uint8_t *entry;

	le32_put(a->madt + MADT_LAPIC_ADDRESS, (uint32_t)LAPIC_GPA);
	for (unsigned i = 0; i < a->machine->vcpus; i++) {
		entry = acpi_madt_entry(a, MADT_LAPIC, 8);
		entry[2] = (uint8_t)i;		/* processor UID */
		entry[3] = (uint8_t)i;		/* APIC id */
		le32_put(entry + 4, 1);		/* enabled */
	}
	entry = acpi_madt_entry(a, MADT_LAPIC_NMI, 6);
	entry[2] = 0xFF;			/* of every processor */
	entry[5] = 1;				/* at LINT1 */
}

static const struct device_mmio mmio = { LAPIC_GPA, LAPIC_BYTES, access };

const struct device lapic_device = {
	.desc = &desc, .at = offsetof(struct machine, lapic[0].s), .stride = sizeof(struct lapic), .count = count,
	.check = check, .reset = reset, .deadline_ns = lapic_timers_deadline_ns, .poll = lapic_timers_poll,
	.mmio = &mmio, .acpi = acpi,
};
