/* SPDX-License-Identifier: MIT */
/* fuzz: hv fake_machine */
/* A guest does anything with its chips, in any order and at any time, and is moved between: whatever state it makes can
 * be saved, is accepted and is the same where it is loaded; and the timers lead on. */
#include "tests/fake/fake_machine.h"
#include <stdlib.h>
#include <string.h>

#define POLLS_MAX 256u	/* in one step of time: a period of a nanosecond would have more than anyone waits for */

static const uint8_t *input;
static size_t left;
static struct machine *m;

static void must(int holds)
{
	if (!holds)
		abort();
}

static uint64_t take(unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes && left; i++, left--)
		v |= (uint64_t)*input++ << 8 * i;
	return v;
}

static uint16_t some_port(void)
{
	static const uint16_t first[] = {
		0x20, 0xA0, 0x40, 0x42, 0x61, 0x64, 0x70, 0x80, 0x92, 0x4D0, 0x3F8, 0x3FC, PM_PORT,
		PM_PORT_CNT, PCI_PORT_ADDRESS, PCI_PORT_DATA
	};
	uint8_t which = (uint8_t)take(1);

	return (uint16_t)(first[which & 15] + (which >> 4 & 3));
}

static unsigned some_size(void) { return 1u << take(1) % 3; }
static unsigned some_vcpu(void) { return (unsigned)take(1) % m->vcpus; }

/* --- what a guest, its vCPU loop and its host do ------------------------------------------------------- */

static void port_out(void)
{
	uint16_t port = some_port();
	unsigned size = some_size();

	machine_port_out(m, 0, port, size, (uint32_t)take(size));
}

static void port_in(void)
{
	uint16_t port = some_port();
	unsigned size = some_size();
	uint32_t value = machine_port_in(m, 0, port, size);

	must(size == 4 || !(value >> 8 * size));
}

static void mmio(void)
{
	static const uint64_t base[] = { LAPIC_GPA, IOAPIC_GPA };
	unsigned how = (unsigned)take(1), size = 1u << (how >> 4 & 3), vcpu = some_vcpu();
	uint64_t gpa = base[how & 1] + take(2) % 0x1000, value;

	if (how & 8)
		gpa &= ~15ull;
	value = take(size);
	(void)machine_mmio(m, vcpu, gpa, size, how & 2, &value);
}

static void msr(void)
{
	static const uint32_t other[] = { 0x1B, 0x6E0, 0x10, 0x80B };
	unsigned how = (unsigned)take(1), vcpu = some_vcpu();
	uint32_t index = how & 1 ? other[how >> 1 & 3] : 0x800 + (uint32_t)take(1);
	uint64_t value = take(8);

	if (how & 0x80)
		(void)machine_wrmsr(m, vcpu, index, value);
	else
		(void)machine_rdmsr(m, vcpu, index, &value);
}

/* Time goes on, from deadline to deadline as the vCPU loop goes. After each look the next one lies ahead. */
static void time_passes(void)
{
	uint64_t by = take(2), end, next;

	end = fake_now_ns + ((by & 0xfff) << (by >> 12) * 3);
	if (end > UINT64_MAX / 4)
		return;
	for (unsigned polls = 0; polls < POLLS_MAX && (next = machine_deadline_ns(m)) <= end; polls++) {
		fake_now_ns = next > fake_now_ns ? next : fake_now_ns;
		machine_poll(m, fake_now_ns);
		must(machine_deadline_ns(m) > fake_now_ns);
	}
	fake_now_ns = end;
	machine_poll(m, end);
	must(machine_deadline_ns(m) > fake_now_ns);
}

static void interrupt(void)
{
	unsigned vcpu = some_vcpu();
	int vector = machine_intr_pending(m, vcpu);

	must(vector >= -1 && vector < 256);
	if (vector >= 0)
		machine_intr_accept(m, vcpu, vector);
	if (machine_nmi_pending(m, vcpu))
		machine_nmi_accept(m, vcpu);
}

static void line(void)
{
	unsigned what = (unsigned)take(1);

	machine_irq(m, what % 24, what & 0x40);
}

static void console(void)
{
	uint8_t text[64];
	unsigned n = (unsigned)take(1) % sizeof(text);
	uint64_t offset = take(2);

	for (unsigned i = 0; i < n; i++)
		text[i] = (uint8_t)take(1);
	must(machine_console_write(m, text, n) <= n);
	must(machine_console_read(m, &offset, text, sizeof(text)) <= sizeof(text));
}

static void cr8(void)
{
	unsigned vcpu = some_vcpu();
	uint64_t value = take(1);

	must(machine_cr8_set(m, vcpu, value) == (value < 16));
	must(machine_cr8_get(m, vcpu) < 16);
}

static void life(void)
{
	if (take(1) & 1)
		machine_reset(m);
	else
		machine_power_button(m);
}

static size_t save(uint8_t *out)
{
	size_t length = 0;

	must(machine_state_save(m, out, MACHINE_STATE_BYTES, &length, NULL) == ERR_OK);
	return length;
}

static void move(void)
{
	static uint8_t there[MACHINE_STATE_BYTES], here[MACHINE_STATE_BYTES];
	static struct machine_image image;
	static struct machine machines[2];
	size_t length = save(there), at = 0;
	struct machine *to = m == &machines[0] ? &machines[1] : &machines[0];
	struct state_header h;

	machine_init(to, &(struct machine_config){ .vcpus = m->vcpus, .tsc_khz = m->tsc_khz, .x2apic = true });
	memset(&image, 0, sizeof(image));
	for (; at < length; at += STATE_RECORD_HEADER + h.length) {
		must(state_record_get(there + at, length - at, &h) == ERR_OK);
		must(machine_state_check(&image, to, h.type, h.instance, h.version, there + at + STATE_RECORD_HEADER,
					 h.length, NULL) == ERR_OK);
	}
	must(machine_state_complete(&image, to, NULL) == ERR_OK);
	machine_state_load(to, &image);
	m = to;
	must(save(here) == length && !memcmp(here, there, length));
}

static void tsc_written(void)
{
	fake_tsc_offset += (int32_t)take(4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[16])(void) = {
		port_out, port_out, port_in, mmio, mmio, msr, time_passes, time_passes, interrupt, interrupt, line,
		console, cr8, life, move, tsc_written,
	};
	static const uint32_t khz[4] = { 1000000, 2999997, 60000, 1 };

	input = data;
	left = size;
	m = fake_machine(1 + (unsigned)take(1) % 3);
	m->tsc_khz = khz[take(1) & 3];
	while (left) {
		steps[take(1) & 15]();
		(void)machine_deadline_ns(m);
		if (m->request != MACHINE_RUN && (take(1) & 1))
			machine_reset(m);
	}
	move();
	return 0;
}
