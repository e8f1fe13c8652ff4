/* SPDX-License-Identifier: MIT */
/* pm.c: ACPI's fixed registers, the PM timer and soft off. */
#include "hv/dev/pm.h"
#include <string.h>
#include "hv/dev/clock.h"
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, pm_state, PM_TABLE, .name = "pm", .type = 0x0106, .version = 1);

#define HALF		(1ull << 31)	/* TMR_STS is set when the timer's top bit changes */
#define STATUS_BITS	0x0501u		/* TMR, PWRBTN, RTC */
#define ENABLE_BITS	0x0521u
#define CONTROL_BITS	0x1C06u		/* BM_RLD, GBL_RLS, SLP_TYP; SCI_EN always reads 1 */
#define SCI_EN		0x0001u
#define SLP_EN		0x2000u

static uint64_t halves(uint64_t now_ns)
{
	return clock_ticks(now_ns, PM_HZ) / HALF;
}

static void set_sci(struct machine *m)
{
	machine_irq(m, GSI_SCI, m->pm.s.status & m->pm.s.enable);
}

static uint64_t deadline_ns(const struct machine *m)
{
	const struct pm_state *s = &m->pm.s;
	uint64_t next = clock_add(s->halves_seen, 1);

	if (!(s->enable & ~s->status & PM_TMR_STS) || __builtin_mul_overflow(next, HALF, &next))
		return CLOCK_NEVER;
	return clock_ns(next, PM_HZ);
}

static void poll(struct machine *m, uint64_t now_ns)
{
	struct pm_state *s = &m->pm.s;

	if (halves(now_ns) <= s->halves_seen)
		return;
	s->halves_seen = halves(now_ns);
	s->status |= PM_TMR_STS;
	set_sci(m);
}

void pm_power_button(struct machine *m)
{
	m->pm.s.status |= PM_PWRBTN;
	set_sci(m);
}

/* The aligned 32 bits around @port. */
static uint32_t word_at(struct machine *m, uint16_t port)
{
	const struct pm_state *s = &m->pm.s;
	uint64_t now = machine_time_ns(m);

	switch (port & ~3u) {
	case PM_PORT:
		poll(m, now);
		return s->status | (uint32_t)s->enable << 16;
	case PM_PORT_CNT:
		return s->control | SCI_EN;
	default:
		return (uint32_t)clock_ticks(now, PM_HZ);
	}
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	(void)size;
	return word_at(m, port) >> 8 * (port & 3);
}

static void write_control(struct machine *m, uint32_t value)
{
	m->pm.s.control = value & CONTROL_BITS;
	if ((value & SLP_EN) && (value >> 10 & 7) == PM_S5)
		machine_request(m, MACHINE_POWER_OFF, "ACPI soft off (S5)");
}

static void out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	struct pm_state *s = &m->pm.s;
	unsigned shift = 8 * (port & 3);
	uint32_t mask = (size == 4 ? 0xFFFFFFFFu : (1u << 8 * size) - 1) << shift;

	value = value << shift & mask;
	switch (port & ~3u) {
	case PM_PORT:
		poll(m, machine_time_ns(m));
		s->status &= (uint16_t)~value;	/* write 1 to clear */
		s->enable = (uint16_t)(((s->enable & ~(mask >> 16)) | value >> 16) & ENABLE_BITS);
		set_sci(m);
		break;
	case PM_PORT_CNT:
		write_control(m, (s->control & ~mask) | value);
		break;
	}
}

static void reset(struct machine *m)
{
	memset(&m->pm.s, 0, sizeof(m->pm.s));
	m->pm.s.halves_seen = halves(machine_time_ns(m));
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct pm_state *s = record;

	(void)m, (void)instance;
	if ((s->status & ~STATUS_BITS) || (s->enable & ~ENABLE_BITS) || (s->control & ~CONTROL_BITS)) {
		why_set(why, "record pm: reserved bits set in status, enable or control");
		return ERR_RANGE;
	}
	return ERR_OK;
}

static void acpi(struct acpi_parts *a)
{
	le16_put(a->fadt + FADT_SCI_INT, GSI_SCI);
	le32_put(a->fadt + FADT_PM1A_EVT, PM_PORT);
	le32_put(a->fadt + FADT_PM1A_CNT, PM_PORT_CNT);
	le32_put(a->fadt + FADT_PM_TMR, PM_PORT_TMR);
	a->fadt[FADT_PM1_EVT_LEN] = 4;
	a->fadt[FADT_PM1_CNT_LEN] = 2;
	a->fadt[FADT_PM_TMR_LEN] = 4;
	acpi_flags(a->fadt + FADT_FLAGS, FADT_SLP_BUTTON | FADT_FIX_RTC | FADT_TMR_VAL_EXT);
	acpi_port(a->fadt + FADT_X_PM1A_EVT, 32, PM_PORT);
	acpi_port(a->fadt + FADT_X_PM1A_CNT, 16, PM_PORT_CNT);
	acpi_port(a->fadt + FADT_X_PM_TMR, 32, PM_PORT_TMR);
	acpi_override(a, GSI_SCI, GSI_SCI, 0x000D);	/* level, active high */
}

static const struct device_ports ports[] = {
	{ PM_PORT, PM_PORT_TMR + 3, 4, CHANGES_TIMERS, in, out },
};

const struct device pm_device = {
	.desc = &desc, .at = offsetof(struct machine, pm.s), .records = 1, .check = check,
	.reset = reset, .deadline_ns = deadline_ns, .poll = poll, DEVICE_PORTS(ports), .acpi = acpi,
};
