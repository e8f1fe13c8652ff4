/* SPDX-License-Identifier: MIT */
/* fake_machine.c: what the VM code gives a machine, made by hand. */
#include "tests/fake/fake_machine.h"
#include <string.h>

uint64_t fake_now_ns;
int64_t fake_tsc_offset;
unsigned fake_kicks[MACHINE_MAX_VCPUS];

uint64_t machine_time_ns(const struct machine *m)
{
	(void)m;
	return fake_now_ns;
}

uint64_t machine_guest_tsc(const struct machine *m)
{
	return (uint64_t)((unsigned __int128)fake_now_ns * m->tsc_khz / 1000000) + (uint64_t)fake_tsc_offset;
}

void machine_kick(struct machine *m, unsigned vcpu)
{
	(void)m;
	fake_kicks[vcpu]++;
}

struct machine *fake_machine(unsigned vcpus)
{
	static struct machine machines[4];
	static unsigned next;
	struct machine *m = &machines[next++ % 4];

	fake_now_ns = 0;
	fake_tsc_offset = 0;
	memset(fake_kicks, 0, sizeof(fake_kicks));
	machine_init(m, &(struct machine_config){
		.vcpus = vcpus, .tsc_khz = 1000000, .x2apic = true, .wall_seconds = FAKE_WALL,
	});
	return m;
}

void fake_run_ns(struct machine *m, uint64_t ns)
{
	uint64_t end = fake_now_ns + ns, next;

	while ((next = machine_deadline_ns(m)) <= end) {
		fake_now_ns = next > fake_now_ns ? next : fake_now_ns + 1;
		machine_poll(m, fake_now_ns);
	}
	fake_now_ns = end;
	machine_poll(m, end);
}

uint8_t fake_inb(struct machine *m, uint16_t port)
{
	return (uint8_t)machine_port_in(m, 0, port, 1);
}

void fake_outb(struct machine *m, uint16_t port, uint8_t value)
{
	machine_port_out(m, 0, port, 1, value);
}

uint32_t fake_lapic_read(struct machine *m, unsigned vcpu, uint32_t offset)
{
	uint64_t value = 0;

	machine_mmio(m, vcpu, LAPIC_GPA + offset, 4, false, &value);
	return (uint32_t)value;
}

void fake_lapic_write(struct machine *m, unsigned vcpu, uint32_t offset, uint32_t value)
{
	uint64_t v = value;

	machine_mmio(m, vcpu, LAPIC_GPA + offset, 4, true, &v);
}

uint32_t fake_ioapic_read(struct machine *m, uint32_t reg)
{
	uint64_t value = reg;

	machine_mmio(m, 0, IOAPIC_GPA, 4, true, &value);
	machine_mmio(m, 0, IOAPIC_GPA + 0x10, 4, false, &value);
	return (uint32_t)value;
}

void fake_ioapic_write(struct machine *m, uint32_t reg, uint32_t value)
{
	uint64_t v = reg;

	machine_mmio(m, 0, IOAPIC_GPA, 4, true, &v);
	v = value;
	machine_mmio(m, 0, IOAPIC_GPA + 0x10, 4, true, &v);
}

void fake_ioapic_route(struct machine *m, unsigned pin, uint64_t rte)
{
	fake_ioapic_write(m, 0x11 + 2 * pin, (uint32_t)(rte >> 32));
	fake_ioapic_write(m, 0x10 + 2 * pin, (uint32_t)rte);
}

int fake_take(struct machine *m, unsigned vcpu)
{
	int vector = machine_intr_pending(m, vcpu);

	if (vector >= 0)
		machine_intr_accept(m, vcpu, vector);
	return vector;
}
