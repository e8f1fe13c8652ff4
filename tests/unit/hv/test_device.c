/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/acpi/acpi_parts.h"
#include "hv/acpi/acpi_tables.h"
#include "hv/device.h"
#include "hv/dev/ports.h"
#include "lib/bytes.h"
#include "tests/fake/fake_machine.h"

/* A table of its own: beside some chips of a PC a kind of which a machine has as many as vCPUs, less one. Their state
 * is where a console would keep bytes. */
#define PROBE_TABLE(F, A) \
	F(1, 1, uint64_t, value, 999, "anything") \
	F(2, 1, uint32_t, other, UINT32_MAX, "anything else")
STATE_STRUCT(probe_state, PROBE_TABLE)
STATE_DESC(desc, probe_state, PROBE_TABLE, .name = "probe", .type = 0x01F0, .version = 1);

static unsigned resets, polls, loads, madt_entries, under_way, asked;
static uint64_t due_ns, made_with_khz, value_at_load;

static struct probe_state *probe(struct machine *m, unsigned n)
{
	return (struct probe_state *)(void *)(m->console.ring + 64 * n);
}

static unsigned count(const struct machine *m) { return m->vcpus - 1; }
static void init(struct machine *m, const struct machine_config *c) { (void)m; made_with_khz = c->tsc_khz; }
static void reset(struct machine *m) { (void)m; resets++; }
static uint64_t deadline_ns(const struct machine *m) { (void)m; return due_ns; }
static void poll(struct machine *m, uint64_t now_ns) { (void)m; polls++; due_ns = now_ns + 1000; }
static void loaded(struct machine *m) { loads++; value_at_load = m->pit.s[2].count; }

static bool quiesce(struct machine *m)
{
	(void)m;
	asked++;
	under_way -= under_way > 0;
	return under_way == 0;
}

static void acpi(struct acpi_parts *a)
{
	for (unsigned i = 0; i < madt_entries; i++)
		memset(acpi_madt_entry(a, 0x80, 16) + 2, 0xEE, 14);
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct probe_state *s = record;

	if (s->other <= m->vcpus)
		return ERR_OK;
	why_set(why, "record probe %u: %u", instance, s->other);
	return ERR_RANGE;
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	(void)m;
	return port | size << 16;
}

static void access(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write, uint64_t *value)
{
	(void)m;
	*value = is_write ? *value : 0xAA00 + vcpu * 0x100 + offset + size;
}

static const struct device_ports ports[] = {
	{ 0xFFFC, 0xFFFF, 4, CHANGES_TIMERS, in, NULL },
	{ 0x3F0, 0x3F1, 2, CHANGES_NOTHING, in, NULL },
	{ 0x500, 0x700, 1, CHANGES_EVENTS, in, NULL },
};
static const struct device_mmio mmio = { 0xFED00000, 0x100, access };

static const struct device probe_device = {
	.desc = &desc, .at = offsetof(struct machine, console.ring), .stride = 64, .count = count, .check = check,
	.loaded = loaded, .init = init, .reset = reset, .quiesce = quiesce, .deadline_ns = deadline_ns,
	.poll = poll, DEVICE_PORTS(ports), .mmio = &mmio, .acpi = acpi,
};

/* Another that has nothing but this. */
static const struct device slow_device = { .quiesce = quiesce };

const struct device *const devices[] = {
	&slow_device, &probe_device, &lapic_device, &ioapic_device, &pic_device, &pit_device, NULL
};

static struct machine *machine(unsigned vcpus)
{
	resets = polls = loads = madt_entries = under_way = asked = 0;
	due_ns = UINT64_MAX;
	return fake_machine(vcpus);
}

static enum err check_all(struct machine_image *image, const struct machine *m, const uint8_t *in, size_t length)
{
	static struct why why;
	struct state_header h;
	enum err e = ERR_OK;

	memset(image, 0, sizeof(*image));
	for (size_t at = 0; at < length && e == ERR_OK; at += STATE_RECORD_HEADER + h.length) {
		cr_assert_eq(state_record_get(in + at, length - at, &h), ERR_OK);
		e = machine_state_check(image, m, h.type, h.instance, h.version, in + at + STATE_RECORD_HEADER,
					h.length, &why);
	}
	return e == ERR_OK ? machine_state_complete(image, m, &why) : e;
}

Test(device, it_is_made_from_the_configuration_and_reset_with_the_rest)
{
	struct machine *m = machine(2);

	cr_assert_eq(made_with_khz, 1000000);
	cr_assert_eq(resets, 1);
	machine_reset(m);
	cr_assert_eq(resets, 2);
}

Test(device, it_has_its_deadline_and_is_polled)
{
	struct machine *m = machine(1);

	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
	due_ns = 500;
	cr_assert_eq(machine_deadline_ns(m), 500);
	machine_poll(m, 700);
	cr_assert_eq(polls, 1);
	cr_assert_eq(machine_deadline_ns(m), 1700);
}

Test(device, a_machine_is_quiet_when_all_its_devices_are)
{
	struct machine *m = machine(1);

	cr_assert(machine_quiesce(m));
	under_way = 5;
	asked = 0;
	cr_assert_not(machine_quiesce(m));
	cr_assert_eq(asked, 2, "the second one is asked though the first is not done");
	cr_assert_not(machine_quiesce(m));
	under_way = 3;
	cr_assert_not(machine_quiesce(m));
	cr_assert(machine_quiesce(m));
}

Test(device, all_its_ranges_of_ports_are_found_and_nothing_beside_them)
{
	struct machine *m = machine(1);

	for (unsigned port = 0; port < 0x10000; port++) {
		bool its = port >= 0xFFFC || port == 0x3F0 || port == 0x3F1 || (port >= 0x500 && port <= 0x700);
		bool others = (port & ~0x81u) == 0x20 || (port & ~3u) == 0x40 || port == 0x61 || (port & ~1u) == 0x4D0;

		if (!others)
			cr_expect_eq(machine_port_in(m, 0, (uint16_t)port, 1), its ? port & 0xFF : 0xFF, "at %x", port);
	}
}

Test(device, an_access_within_its_width_comes_whole_and_another_by_bytes)
{
	struct machine *m = machine(1);

	cr_assert_eq(machine_port_in(m, 0, 0xFFFC, 4), 0x4FFFC);
	cr_assert_eq(machine_port_in(m, 0, 0x3F0, 4), 0xFFFFF1F0);
	cr_assert_eq(machine_port_in(m, 0, 0x4FF, 2), 0x00FF);
	cr_assert_eq(machine_port_in(m, 0, 0xFFFF, 2), 0xFFFF, "port 0 is nobody's");
}

Test(device, what_its_ports_may_change_is_announced)
{
	struct machine *m = machine(1);
	uint32_t changes = m->changes, timer_changes = m->timer_changes;

	machine_port_in(m, 0, 0x3F0, 1);
	cr_assert_eq(m->changes, changes);
	machine_port_in(m, 0, 0x500, 1);
	cr_assert_neq(m->changes, changes);
	cr_assert_eq(m->timer_changes, timer_changes);
	machine_port_in(m, 0, 0xFFFC, 1);
	cr_assert_neq(m->timer_changes, timer_changes);
}

Test(device, its_memory_is_found)
{
	struct machine *m = machine(3);
	uint64_t value = 0;

	cr_assert(machine_mmio(m, 2, 0xFED00010, 4, false, &value));
	cr_assert_eq(value, 0xAA00 + 0x200 + 0x10 + 4);
	cr_assert_not(machine_mmio(m, 0, 0xFED00100, 4, false, &value));
}

Test(device, as_many_as_the_machine_has_travel_and_are_checked)
{
	static uint8_t saved[MACHINE_STATE_BYTES];
	static struct machine_image image;
	struct machine *m = machine(4), *to;
	struct why why;
	size_t length;

	for (unsigned n = 0; n < 3; n++)
		*probe(m, n) = (struct probe_state){ .value = 100 + n, .other = n };
	m->pit.s[2].count = 77;
	cr_assert_eq(machine_state_save(m, saved, sizeof(saved), &length, &why), ERR_OK);
	cr_assert_eq(le16_get(saved), 0x01F0, "the first of the table comes first");
	to = machine(4);
	cr_assert_eq(check_all(&image, to, saved, length), ERR_OK);
	cr_assert_eq(loads, 0);
	machine_state_load(to, &image);
	for (unsigned n = 0; n < 3; n++)
		cr_assert_eq(probe(to, n)->value, 100 + n);
	cr_assert_eq(loads, 1);
	cr_assert_eq(value_at_load, 77, "all was there when it looked");
	cr_assert_eq(check_all(&image, machine(3), saved, length), ERR_UNKNOWN, "one too many");
	cr_assert_eq(check_all(&image, machine(5), saved, length), ERR_SHORT, "one is missing");
	probe(m, 1)->other = 5;
	cr_assert_eq(machine_state_save(m, saved, sizeof(saved), &length, &why), ERR_OK);
	cr_assert_eq(check_all(&image, machine(4), saved, length), ERR_RANGE, "more than this machine may have");
}

Test(device, kinds_of_records_are_those_of_the_table)
{
	cr_assert_eq(machine_state_kinds(), 5);
	cr_assert_str_eq(machine_state_desc(0)->name, "probe");
	cr_assert_str_eq(machine_state_desc(4)->name, "pit");
	cr_assert_null(machine_state_desc(5));
}

Test(device, what_it_says_in_acpi_tables_has_room_or_they_are_refused)
{
	static uint8_t tables[MACHINE_ACPI_BYTES];
	struct machine *m = machine(1);

	madt_entries = 50;
	cr_assert_neq(acpi_tables_build(tables, sizeof(tables), MACHINE_ACPI_GPA, m), 0);
	madt_entries = 200;
	cr_assert_eq(acpi_tables_build(tables, sizeof(tables), MACHINE_ACPI_GPA, m), 0, "200 have no room");
}
