/* SPDX-License-Identifier: MIT */
/* machine.c: the wiring of the chips: ports, MMIO, interrupt lines, time, life. */
#include "hv/machine.h"
#include <string.h>
#include "hv/dev/clock.h"
#include "hv/dev/ports.h"

/* --- ports ------------------------------------------------------------------------------------------ */

/* Accesses wider than @width, or that leave the range, are taken apart into bytes. */
struct port_range {
	uint16_t first, last;
	uint8_t width;
	enum { CHANGES_NOTHING, CHANGES_EVENTS, CHANGES_TIMERS } changes;	/* what machine_irq does not announce */
	uint32_t (*in)(struct machine *m, uint16_t port, unsigned size);
	void (*out)(struct machine *m, uint16_t port, unsigned size, uint32_t value);
};

static const struct port_range ports[] = {
	{ UART_PORT, UART_PORT + 7, 1, CHANGES_NOTHING, uart_in, uart_out },
	{ 0x0020, 0x0021, 1, CHANGES_EVENTS, pic_in, pic_out },
	{ 0x00A0, 0x00A1, 1, CHANGES_EVENTS, pic_in, pic_out },
	{ 0x0040, 0x0043, 1, CHANGES_TIMERS, pit_in, pit_out },
	{ 0x0061, 0x0061, 1, CHANGES_TIMERS, pit_in, pit_out },
	{ 0x0064, 0x0064, 1, CHANGES_NOTHING, NULL, ports_kbc_out },
	{ 0x0070, 0x0071, 1, CHANGES_TIMERS, rtc_in, rtc_out },
	{ 0x0080, 0x0080, 1, CHANGES_NOTHING, NULL, ports_post_out },
	{ 0x0092, 0x0092, 1, CHANGES_NOTHING, ports_fast_in, ports_fast_out },
	{ 0x04D0, 0x04D1, 1, CHANGES_EVENTS, pic_in, pic_out },
	{ PM_PORT, PM_PORT_TMR + 3, 4, CHANGES_TIMERS, pm_in, pm_out },
	{ PCI_PORT_ADDRESS, PCI_PORT_DATA + 3, 4, CHANGES_NOTHING, pci_in, pci_out },
};

static void changed(struct machine *m, bool timer)
{
	m->changes++;
	m->timer_changes += timer;
}

static void port_changed(struct machine *m, const struct port_range *r)
{
	if (r && r->changes != CHANGES_NOTHING)
		changed(m, r->changes == CHANGES_TIMERS);
}

static uint32_t ones(unsigned size)
{
	return size >= 4 ? 0xFFFFFFFFu : (1u << 8 * size) - 1;
}

static const struct port_range *find_port(uint16_t port)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (port >= ports[i].first && port <= ports[i].last)
			return &ports[i];
	return NULL;
}

static bool whole(const struct port_range *r, uint16_t port, unsigned size)
{
	return r && size <= r->width && (port & (size - 1)) == 0;
}

uint32_t machine_port_in(struct machine *m, unsigned vcpu, uint16_t port, unsigned size)
{
	const struct port_range *r = find_port(port);
	uint32_t value = 0;

	port_changed(m, r);
	if (size == 1 || whole(r, port, size))
		return (r && r->in ? r->in(m, port, size) : 0xFFFFFFFFu) & ones(size);
	for (unsigned i = 0; i < size; i++)
		value |= machine_port_in(m, vcpu, (uint16_t)(port + i), 1) << 8 * i;
	return value;
}

void machine_port_out(struct machine *m, unsigned vcpu, uint16_t port, unsigned size, uint32_t value)
{
	const struct port_range *r = find_port(port);

	port_changed(m, r);
	if (size == 1 || whole(r, port, size)) {
		if (r && r->out)
			r->out(m, port, size, value & ones(size));
		return;
	}
	for (unsigned i = 0; i < size; i++)
		machine_port_out(m, vcpu, (uint16_t)(port + i), 1, value >> 8 * i & 0xFF);
}

/* --- MMIO and MSRs ---------------------------------------------------------------------------------- */

static void mmio_lapic(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write,
		       uint64_t *value)
{
	lapic_mmio(m, vcpu, offset, size, is_write, value);
}

static void mmio_ioapic(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write,
			uint64_t *value)
{
	(void)vcpu;
	ioapic_mmio(m, offset, size, is_write, value);
}

static const struct mmio_range {
	uint64_t gpa, bytes;
	void (*access)(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write,
		       uint64_t *value);
} mmio[] = {
	{ LAPIC_GPA, LAPIC_BYTES, mmio_lapic },
	{ IOAPIC_GPA, IOAPIC_BYTES, mmio_ioapic },
};

bool machine_mmio(struct machine *m, unsigned vcpu, uint64_t gpa, unsigned size, bool is_write, uint64_t *value)
{
	for (size_t i = 0; i < sizeof(mmio) / sizeof(mmio[0]); i++) {
		if (gpa < mmio[i].gpa || gpa - mmio[i].gpa >= mmio[i].bytes)
			continue;
		changed(m, true);
		mmio[i].access(m, vcpu, (uint32_t)(gpa - mmio[i].gpa), size, is_write, value);
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

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t machine_deadline_ns(const struct machine *m)
{
	uint64_t next = earlier(pit_deadline_ns(m), earlier(rtc_deadline_ns(m), pm_deadline_ns(m)));

	for (unsigned i = 0; i < m->vcpus; i++)
		next = earlier(next, lapic_deadline_ns(m, i));
	return next;
}

void machine_poll(struct machine *m, uint64_t now_ns)
{
	changed(m, true);
	pit_poll(m, now_ns);
	rtc_poll(m, now_ns);
	pm_poll(m, now_ns);
	for (unsigned i = 0; i < m->vcpus; i++)
		lapic_poll(m, i, now_ns);
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
	for (unsigned i = 0; i < m->vcpus; i++)
		lapic_reset(m, i);
	ioapic_reset(m);
	pic_reset(m);
	pit_reset(m);
	rtc_reset(m);
	uart_reset(m);
	pm_reset(m);
	pci_reset(m);
}

void machine_init(struct machine *m, unsigned vcpus, uint64_t tsc_khz, uint64_t wall_seconds)
{
	memset(m, 0, sizeof(*m));
	m->vcpus = vcpus < 1 ? 1 : vcpus > MACHINE_MAX_VCPUS ? MACHINE_MAX_VCPUS : vcpus;
	m->tsc_khz = tsc_khz;
	m->x2apic = true;
	rtc_set(m, wall_seconds);
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
