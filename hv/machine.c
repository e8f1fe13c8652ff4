/* SPDX-License-Identifier: MIT */
/* machine.c: the wiring of the chips: ports, MMIO, interrupt lines, time, life. */
#include "hv/machine.h"
#include <string.h>
#include "hv/device.h"
#include "lib/log.h"

/* --- ports ------------------------------------------------------------------------------------------ */

static void changed(struct machine *m, bool timer)
{
	m->changes++;
	m->timer_changes += timer;
}

static uint32_t ones(unsigned size)
{
	return size >= 4 ? 0xFFFFFFFFu : (1u << 8 * size) - 1;
}

static const struct device_ports *find_port(const struct machine *m, uint16_t port)
{
	const struct device_ports *r;
	unsigned i = m->ports.from[port >> 8];

	while (port > m->ports.last[i])
		i++;
	r = m->ports.range[i];
	return r && port >= r->first ? r : NULL;
}

static bool whole(const struct device_ports *r, uint16_t port, unsigned size)
{
	return size <= r->width && (port & (size - 1)) == 0;
}

static uint32_t port_in(struct machine *m, const struct device_ports *r, uint16_t port, unsigned size)
{
	if (r->changes != CHANGES_NOTHING)
		changed(m, r->changes == CHANGES_TIMERS);
	return (r->in ? r->in(m, port, size) : 0xFFFFFFFFu) & ones(size);
}

static void port_out(struct machine *m, const struct device_ports *r, uint16_t port, unsigned size, uint32_t value)
{
	if (r->changes != CHANGES_NOTHING)
		changed(m, r->changes == CHANGES_TIMERS);
	if (r->out)
		r->out(m, port, size, value & ones(size));
}

/* The two are apart from the common case, so that it keeps nothing in registers that are to be saved. */
static __attribute__((noinline)) uint32_t in_by_bytes(struct machine *m, uint16_t port, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++) {
		const struct device_ports *r = find_port(m, (uint16_t)(port + i));

		value |= (r ? port_in(m, r, (uint16_t)(port + i), 1) : 0xFFu) << 8 * i;
	}
	return value;
}

static __attribute__((noinline)) void out_by_bytes(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		const struct device_ports *r = find_port(m, (uint16_t)(port + i));

		if (r)
			port_out(m, r, (uint16_t)(port + i), 1, value >> 8 * i);
	}
}

uint32_t machine_port_in(struct machine *m, unsigned vcpu, uint16_t port, unsigned size)
{
	const struct device_ports *r = find_port(m, port);

	(void)vcpu;
	return r && whole(r, port, size) ? port_in(m, r, port, size) : in_by_bytes(m, port, size);
}

void machine_port_out(struct machine *m, unsigned vcpu, uint16_t port, unsigned size, uint32_t value)
{
	const struct device_ports *r = find_port(m, port);

	(void)vcpu;
	if (r && whole(r, port, size))
		port_out(m, r, port, size, value);
	else
		out_by_bytes(m, port, size, value);
}

/* --- MMIO and MSRs ---------------------------------------------------------------------------------- */

bool machine_mmio(struct machine *m, unsigned vcpu, uint64_t gpa, unsigned size, bool is_write, uint64_t *value)
{
	for (const struct device *const *d = devices; *d; d++) {
		const struct device_mmio *r = (*d)->mmio;

		if (!r || gpa < r->gpa || gpa - r->gpa >= r->bytes)
			continue;
		changed(m, true);
		r->access(m, vcpu, (uint32_t)(gpa - r->gpa), size, is_write, value);
		if (!is_write && size < 8)
			*value &= ones(size);
		return true;
	}
	return false;
}

bool machine_rdmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t *value)
{
	changed(m, true);
	return lapic_rdmsr(m, vcpu, msr, value);
}

bool machine_wrmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t value)
{
	changed(m, true);
	return lapic_wrmsr(m, vcpu, msr, value);
}

uint64_t machine_cr8_get(const struct machine *m, unsigned vcpu)
{
	return m->lapic[vcpu].s.tpr >> 4;
}

bool machine_cr8_set(struct machine *m, unsigned vcpu, uint64_t value)
{
	if (value > 15)
		return false;
	changed(m, false);
	m->lapic[vcpu].s.tpr = (uint32_t)value << 4;
	return true;
}

/* --- interrupts ------------------------------------------------------------------------------------- */

void machine_irq(struct machine *m, unsigned gsi, bool level)
{
	changed(m, false);
	if (gsi == GSI_PIT)
		pic_line(m, 0, level);
	else if (gsi > 0 && gsi < 16)
		pic_line(m, gsi, level);
	ioapic_line(m, gsi, level);
}

int machine_intr_pending(struct machine *m, unsigned vcpu)
{
	int vector = lapic_pending(m, vcpu);

	if (vector >= 0 || !lapic_takes_extint(m, vcpu))
		return vector;
	return pic_vector(m);
}

void machine_intr_accept(struct machine *m, unsigned vcpu, int vector)
{
	changed(m, false);
	if (lapic_pending(m, vcpu) == vector)
		lapic_accept(m, vcpu, (unsigned)vector);
	else
		pic_inta(m);
}

bool machine_nmi_pending(const struct machine *m, unsigned vcpu)
{
	return m->lapic[vcpu].s.nmi_pending;
}

void machine_nmi_accept(struct machine *m, unsigned vcpu)
{
	changed(m, false);
	m->lapic[vcpu].s.nmi_pending = 0;
}

/* --- time ------------------------------------------------------------------------------------------- */

uint64_t machine_deadline_ns(const struct machine *m)
{
	uint64_t next = UINT64_MAX;

	for (const struct device *const *d = devices; *d; d++) {
		uint64_t its = (*d)->deadline_ns ? (*d)->deadline_ns(m) : UINT64_MAX;

		next = its < next ? its : next;
	}
	return next;
}

void machine_poll(struct machine *m, uint64_t now_ns)
{
	changed(m, true);
	for (const struct device *const *d = devices; *d; d++)
		if ((*d)->poll)
			(*d)->poll(m, now_ns);
}

/* --- life ------------------------------------------------------------------------------------------- */

void machine_request(struct machine *m, enum machine_request request, const char *reason)
{
	if (m->request != MACHINE_RUN)
		return;
	m->request = request;
	m->request_reason = reason;
	machine_kick(m, 0);
}

void machine_power_button(struct machine *m)
{
	changed(m, true);
	pm_power_button(m);
}

void machine_reset(struct machine *m)
{
	changed(m, true);
	m->request = MACHINE_RUN;
	m->request_reason = "";
	for (const struct device *const *d = devices; *d; d++)
		if ((*d)->reset)
			(*d)->reset(m);
}

bool machine_quiesce(struct machine *m)
{
	bool quiet = true;

	/* Each is asked, so that all drain at once. */
	for (const struct device *const *d = devices; *d; d++)
		quiet &= !(*d)->quiesce || (*d)->quiesce(m);
	return quiet;
}

static void add_ports(struct machine_ports *p, unsigned count, const struct device_ports *r)
{
	unsigned i = count;

	if (count == MACHINE_PORT_RANGES)
		panic("more than %u ranges of ports in a machine", MACHINE_PORT_RANGES);
	for (; i > 0 && p->last[i - 1] > r->last; i--) {
		p->last[i] = p->last[i - 1];
		p->range[i] = p->range[i - 1];
	}
	p->last[i] = r->last;
	p->range[i] = r;
}

void machine_init(struct machine *m, const struct machine_config *config)
{
	unsigned ranges = 0;

	memset(m, 0, sizeof(*m));
	m->vcpus = config->vcpus < 1 ? 1 : config->vcpus > MACHINE_MAX_VCPUS ? MACHINE_MAX_VCPUS : config->vcpus;
	m->tsc_khz = config->tsc_khz;
	m->x2apic = config->x2apic;
	for (const struct device *const *d = devices; *d; d++) {
		if (d == devices + MACHINE_DEVICES_MAX)
			panic("more than %u kinds of devices in a machine", MACHINE_DEVICES_MAX);
		if ((*d)->init)
			(*d)->init(m, config);
		for (unsigned i = 0; i < (*d)->port_ranges; i++)
			add_ports(&m->ports, ranges++, &(*d)->ports[i]);
	}
	m->ports.last[ranges] = 0xFFFF;
	for (unsigned i = 0, page = 0; page < 256; page++) {
		while (m->ports.last[i] < page << 8)
			i++;
		m->ports.from[page] = (uint8_t)i;
	}
	machine_reset(m);
}

/* --- console ---------------------------------------------------------------------------------------- */

size_t machine_console_write(struct machine *m, const void *data, size_t length)
{
	return uart_receive(m, data, length);
}

size_t machine_console_read(const struct machine *m, uint64_t *offset, void *out, size_t room)
{
	return console_read(m, offset, out, room);
}
