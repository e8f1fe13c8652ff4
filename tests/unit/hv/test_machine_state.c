/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "tests/fake/fake_machine.h"

static uint8_t saved[MACHINE_STATE_BYTES];
static struct machine_image image;
static struct why why;

static size_t save(const struct machine *m)
{
	size_t length = 0;

	cr_assert_eq(machine_state_save(m, saved, sizeof(saved), &length, &why), ERR_OK, "%s", why.text);
	return length;
}

/* Passes 1 and 2 over a run of records. */
static enum err check(const struct machine *m, const uint8_t *in, size_t length)
{
	struct state_header h;
	enum err e;

	memset(&image, 0, sizeof(image));
	while (length) {
		e = state_record_get(in, length, &h);
		if (e == ERR_OK)
			e = machine_state_check(&image, m, h.type, h.instance, h.version, in + STATE_RECORD_HEADER,
						h.length, &why);
		if (e != ERR_OK)
			return e;
		in += STATE_RECORD_HEADER + h.length;
		length -= STATE_RECORD_HEADER + h.length;
	}
	return machine_state_complete(&image, m, &why);
}

static struct machine *moved(const struct machine *from)
{
	uint64_t now = fake_now_ns;
	int64_t tsc = fake_tsc_offset;
	size_t length = save(from);
	struct machine *to = fake_machine(from->vcpus);

	fake_now_ns = now;
	fake_tsc_offset = tsc;
	to->tsc_khz = from->tsc_khz;
	cr_assert_eq(check(to, saved, length), ERR_OK, "%s", why.text);
	machine_state_load(to, &image);
	return to;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* Every field of @m's records gets some value that its row allows; every eighth the largest. */
static void scramble(struct machine *m, uint64_t *seed)
{
	size_t length = save(m);

	for (size_t at = 0; at < length; at += STATE_RECORD_HEADER + le32_get(saved + at + 8)) {
		const struct state_desc *d = NULL;
		uint8_t *p = saved + at + STATE_RECORD_HEADER;

		for (unsigned i = 0; (d = machine_state_desc(i)) && d->type != le16_get(saved + at); i++)
			;
		for (uint32_t f = 0; f < d->field_count; f++) {
			p += 6;
			for (unsigned n = 0; n < d->field[f].count; n++, p += d->field[f].width) {
				uint64_t v = next_random(seed), max = d->field[f].max;

				v = v % 8 == 0 || max == UINT64_MAX ? (v % 8 == 0 ? max : v) : v % (max + 1);
				memcpy(p, &v, d->field[f].width);
			}
		}
	}
}

/* Whatever a guest and the vCPU loop can do with a machine. */
static void exercise(struct machine *m)
{
	static const uint64_t times[] = { 0, 1, 1000000000, 1ull << 40, UINT64_MAX - 1 };
	uint64_t value, offset = 0;
	char text[64];
	size_t length;

	for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		fake_now_ns = times[i];
		machine_deadline_ns(m);
		machine_poll(m, fake_now_ns);
		for (unsigned v = 0; v < m->vcpus; v++) {
			fake_take(m, v);
			for (uint32_t reg = 0; reg < 0x400; reg += 16)
				fake_lapic_read(m, v, reg);
			for (uint32_t msr = 0x800; msr < 0x840; msr++)
				machine_rdmsr(m, v, msr, &value);
			fake_lapic_write(m, v, 0xB0, 0);
			fake_lapic_write(m, v, 0x3E0, i);
			machine_wrmsr(m, v, 0x80B, 0);
		}
		for (uint32_t reg = 0; reg < 0x41; reg++)
			fake_ioapic_read(m, reg);
		for (unsigned gsi = 0; gsi < 24; gsi++) {
			machine_irq(m, gsi, true);
			machine_irq(m, gsi, false);
		}
		for (uint32_t port = 0; port < 0x1000; port++)
			machine_port_in(m, 0, (uint16_t)port, 1);
		fake_outb(m, 0x43, 0xDE);
		for (uint16_t port = 0x40; port < 0x43; port++)
			fake_inb(m, port);
		machine_console_write(m, "hello", 5);
		machine_console_read(m, &offset, text, sizeof(text));
		machine_power_button(m);
	}
	cr_assert_eq(machine_state_save(m, saved, sizeof(saved), &length, &why), ERR_OK);
	machine_reset(m);
}

/* What a chip's own check refuses goes on as it was in @good, an image of the same machine. */
static void keep_own(const struct machine *m, const struct state_header *h, const uint8_t *good)
{
	cr_assert(h->type != 0x0104 && h->type != 0x0105 && h->type != 0x0108,
		  "type 0x%04x should accept whatever its rows allow", h->type);
	cr_assert_eq(machine_state_check(&image, m, h->type, h->instance, h->version,
					 good + STATE_RECORD_HEADER, h->length, &why), ERR_OK, "%s", why.text);
}

/* --- shape ------------------------------------------------------------------------------------------ */

Test(machine_state, a_fresh_machine_moves)
{
	for (unsigned vcpus = 1; vcpus <= MACHINE_MAX_VCPUS; vcpus++) {
		struct machine *m = fake_machine(vcpus), *to = moved(m);

		for (unsigned i = 0; i < vcpus; i++)
			cr_assert_eq(memcmp(&m->lapic[i].s, &to->lapic[i].s, sizeof(m->lapic[i].s)), 0);
	}
}

Test(machine_state, what_is_loaded_saves_to_the_same_bytes)
{
	static uint8_t again[MACHINE_STATE_BYTES];
	struct machine *m = fake_machine(4);
	size_t length = save(m), second;
	uint64_t seed = 88172645463325252ull;
	unsigned accepted = 0;

	for (unsigned round = 0; round < 200000 && accepted < 20; round++) {
		scramble(m, &seed);
		for (size_t at = 0; at < length; at += STATE_RECORD_HEADER + le32_get(saved + at + 8)) {
			/* Replace only the one record, so that some pass their chips' own checks. */
			uint8_t *record = saved + at;
			struct state_header h;
			size_t bytes;

			cr_assert_eq(state_record_get(record, length - at, &h), ERR_OK);
			bytes = STATE_RECORD_HEADER + h.length;
			memset(&image, 0, sizeof(image));
			if (machine_state_check(&image, m, h.type, h.instance, h.version,
						record + STATE_RECORD_HEADER, h.length, &why) != ERR_OK)
				continue;
			memcpy(again, record, bytes);
			save(m);
			memcpy(saved + at, again, bytes);
			cr_assert_eq(check(m, saved, length), ERR_OK, "%s", why.text);
			memcpy(again, saved, length);
			machine_state_load(m, &image);
			second = save(m);
			cr_assert_eq(second, length);
			cr_assert_eq(memcmp(saved, again, length), 0);
			accepted++;
			break;
		}
	}
	cr_assert_eq(accepted, 20);
}

Test(machine_state, the_promised_room_suffices)
{
	size_t length;

	length = save(fake_machine(MACHINE_MAX_VCPUS));
	cr_assert_leq(length, MACHINE_STATE_BYTES);
}

Test(machine_state, too_little_room_is_an_error_at_every_size)
{
	struct machine *m = fake_machine(2);
	size_t length = save(m), got;

	for (size_t room = 0; room < length; room++)
		cr_assert_eq(machine_state_save(m, saved, room, &got, &why), ERR_SPACE, "room %zu", room);
	cr_assert_eq(machine_state_save(m, saved, length, &got, &why), ERR_OK);
}

Test(machine_state, it_owns_its_range_of_types_only)
{
	cr_assert(machine_state_owns(0x0100));
	cr_assert(machine_state_owns(0x01FF));
	cr_assert_not(machine_state_owns(0x00FF));
	cr_assert_not(machine_state_owns(0x0200));
}

/* --- refusals --------------------------------------------------------------------------------------- */

Test(machine_state, truncation_at_every_byte_is_refused)
{
	struct machine *m = fake_machine(2);
	size_t length = save(m);

	for (size_t n = 0; n < length; n++)
		cr_assert_neq(check(m, saved, n), ERR_OK, "%zu of %zu bytes", n, length);
	cr_assert_eq(check(m, saved, length), ERR_OK);
}

Test(machine_state, a_failed_check_leaves_the_machine_alone)
{
	static struct machine before;
	struct machine *m = fake_machine(2);
	size_t length = save(m);

	memcpy(&before, m, sizeof(before));
	cr_assert_neq(check(m, saved, length - 1), ERR_OK);
	cr_assert_eq(memcmp(&before, m, sizeof(before)), 0);
}

Test(machine_state, a_missing_record_is_named)
{
	struct machine *m = fake_machine(1);
	size_t length = save(m), first = STATE_RECORD_HEADER + le32_get(saved + 8);

	cr_assert_eq(check(m, saved + first, length - first), ERR_SHORT);
	cr_assert_not_null(strstr(why.text, "lapic 0"), "%s", why.text);
}

Test(machine_state, a_record_twice_is_refused)
{
	struct machine *m = fake_machine(1);
	size_t length = save(m), first = STATE_RECORD_HEADER + le32_get(saved + 8);

	memcpy(saved + length, saved, first);
	cr_assert_eq(check(m, saved, length + first), ERR_EXISTS);
}

Test(machine_state, a_machine_with_more_vcpus_is_refused)
{
	size_t length = save(fake_machine(2));

	cr_assert_eq(check(fake_machine(1), saved, length), ERR_UNKNOWN);
	cr_assert_not_null(strstr(why.text, "lapic 1"), "%s", why.text);
}

Test(machine_state, an_unknown_type_is_refused)
{
	struct machine *m = fake_machine(1);

	save(m);
	le16_put(saved, 0x01F0);
	cr_assert_eq(check(m, saved, STATE_RECORD_HEADER + le32_get(saved + 8)), ERR_UNKNOWN);
}

Test(machine_state, x2apic_mode_against_the_cpu_policy_is_refused)
{
	struct machine *m = fake_machine(1);
	size_t length;

	cr_assert(machine_wrmsr(m, 0, 0x1B, 0xFEE00D00));
	length = save(m);
	cr_assert_eq(check(m, saved, length), ERR_OK);
	m->x2apic = false;
	cr_assert_eq(check(m, saved, length), ERR_UNSUPPORTED);
}

Test(machine_state, values_no_chip_can_hold_are_refused)
{
	struct machine *m = fake_machine(1);
	static struct machine good;

	memcpy(&good, m, sizeof(good));
#define REFUSED(field, value) do { \
		memcpy(m, &good, sizeof(good)); \
		m->field = value; \
		cr_expect_eq(check(m, saved, save(m)), ERR_RANGE, #field); \
	} while (0)
	REFUSED(lapic[0].s.apic_base, 0xFEE00400);
	REFUSED(lapic[0].s.apic_base, 0xFEC00900);
	REFUSED(lapic[0].s.apic_base, 0xFEE00800);
	REFUSED(lapic[0].s.irr[0], 1);
	REFUSED(lapic[0].s.lvt[LVT_ERROR], 0x40000);
	REFUSED(lapic[0].s.timer_divide, 4);
	REFUSED(lapic[0].s.icr, 0x1000);
	REFUSED(lapic[0].s.svr, 0x200);
	REFUSED(ioapic.s.rte[23], IOAPIC_RTE_REMOTE_IRR);
	REFUSED(ioapic.s.lines, 1u << 24);
	REFUSED(pic.s[0].base, 0x31);
	REFUSED(pic.s[1].icw_step, 1);
	REFUSED(pic.s[1].elcr, 1);
	REFUSED(pit.s[1].access, 0);
	REFUSED(pit.s[2].running, 1);
	REFUSED(pit.s[0].mode, 6);
	REFUSED(rtc.s.index, 128);
	REFUSED(uart.s.thre_pending, 2);
	REFUSED(pm.s.status, 2);
	REFUSED(pci.s.address, 3);
	REFUSED(console.s.offset, 1ull << 63);
	REFUSED(console.s.history_bytes, CONSOLE_HISTORY + 1);
	REFUSED(console.s.history_bytes, (uint32_t)m->console.s.offset + 1);
}

Test(machine_state, flipped_bits_never_crash)
{
	struct machine *m = fake_machine(2);
	size_t length = save(m);
	static uint8_t good[MACHINE_STATE_BYTES];
	unsigned loaded = 0;

	memcpy(good, saved, length);
	for (size_t bit = 0; bit < length * 8; bit++) {
		memcpy(saved, good, length);
		saved[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (check(m, saved, length) != ERR_OK)
			continue;
		machine_state_load(m, &image);
		if (loaded++ % 16 == 0)
			exercise(m);
	}
	cr_assert_gt(loaded, length, "most flips are values some guest could have made");
}

Test(machine_state, mad_values_never_crash)
{
	static uint8_t good[MACHINE_STATE_BYTES];
	uint64_t seed = 0x9E3779B97F4A7C15ull;
	unsigned loaded = 0;

	for (unsigned round = 0; round < 400; round++) {
		struct machine *m = fake_machine(3);
		size_t at = 0, length = save(m);

		memcpy(good, saved, length);
		scramble(m, &seed);
		m->tsc_khz = round % 3 == 0 ? 1 : round % 3 == 1 ? 2999997 : UINT64_MAX / 1000;
		memset(&image, 0, sizeof(image));
		/* Records that pass are loaded even if others don't: madder than any real load. */
		for (; at < length; at += STATE_RECORD_HEADER + le32_get(saved + at + 8)) {
			struct state_header h;

			cr_assert_eq(state_record_get(saved + at, length - at, &h), ERR_OK);
			if (machine_state_check(&image, m, h.type, h.instance, h.version,
						saved + at + STATE_RECORD_HEADER, h.length, &why) == ERR_OK)
				loaded++;
			else
				keep_own(m, &h, good + at);
		}
		machine_state_load(m, &image);
		exercise(m);
	}
	cr_assert_gt(loaded, 1000);
}

/* --- moving in the middle of something ------------------------------------------------------------- */

Test(machine_state, a_periodic_apic_timer_goes_on_in_phase)
{
	struct machine *m = fake_machine(1);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x20060);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_run_ns(m, 2300);
	m = moved(m);
	cr_assert_eq(fake_take(m, 0), 0x60, "the request that waited came along");
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x390), 700);
	cr_assert_eq(machine_deadline_ns(m), 3000);
	fake_run_ns(m, 700);
	cr_assert_eq(fake_take(m, 0), 0x60);
}

Test(machine_state, a_tsc_deadline_moves_with_the_guests_tsc)
{
	struct machine *m = fake_machine(1);

	fake_tsc_offset = 1000000;
	fake_lapic_write(m, 0, 0x320, 0x40060);
	machine_wrmsr(m, 0, 0x6E0, 1005000);
	fake_run_ns(m, 2000);
	m = moved(m);
	cr_assert_eq(machine_deadline_ns(m), 5000);
	fake_run_ns(m, 3000);
	cr_assert_eq(fake_take(m, 0), 0x60);
}

Test(machine_state, a_counting_pit_goes_on_in_phase)
{
	struct machine *m = fake_machine(1);
	unsigned low;

	fake_ioapic_route(m, 2, 0x30);
	fake_outb(m, 0x43, 0x34);
	fake_outb(m, 0x40, 0xE8);
	fake_outb(m, 0x40, 0x03);
	fake_now_ns = 500000;
	m = moved(m);
	fake_outb(m, 0x43, 0x00);
	low = fake_inb(m, 0x40);
	cr_assert_eq(low | fake_inb(m, 0x40) << 8, 1000 - 596);
	fake_run_ns(m, 340000);
	cr_assert_eq(fake_take(m, 0), 0x30);
}

Test(machine_state, half_a_pit_write_is_completed_at_the_destination)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0x43, 0x34);
	fake_outb(m, 0x40, 0x34);
	m = moved(m);
	fake_outb(m, 0x40, 0x12);
	cr_assert_eq(m->pit.s[0].count, 0x1234);
}

Test(machine_state, half_an_8259_initialisation_is_completed_at_the_destination)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0x20, 0x11);
	fake_outb(m, 0x21, 0x50);
	m = moved(m);
	fake_outb(m, 0x21, 0x04);
	fake_outb(m, 0x21, 0x01);
	machine_irq(m, 4, true);
	cr_assert_eq(fake_take(m, 0), 0x54);
}

Test(machine_state, an_interrupt_in_service_is_ended_at_the_destination)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x8041);
	machine_irq(m, 9, true);
	fake_take(m, 0);
	m = moved(m);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), 0x41, "the line is still up");
}

Test(machine_state, the_clock_goes_on_from_the_same_second)
{
	struct machine *m = fake_machine(1);

	fake_now_ns = 4000000000;
	m = moved(m);
	machine_poll(m, fake_now_ns);
	fake_outb(m, 0x70, 0);
	cr_assert_eq(fake_inb(m, 0x71), 0x02);
}

Test(machine_state, of_what_the_console_sent_the_last_16_kib_come_along)
{
	static char text[CONSOLE_BYTES];
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;

	for (unsigned i = 0; i < CONSOLE_BYTES + 100; i++)
		fake_outb(m, 0x3F8, (uint8_t)(i * 7 + i / 999));
	for (unsigned move = 0; move < 2; move++, offset = 0) {
		m = moved(m);
		cr_assert_eq(machine_console_read(m, &offset, text, sizeof(text)), CONSOLE_HISTORY);
		for (unsigned i = 0; i < CONSOLE_HISTORY; i++) {
			unsigned n = CONSOLE_BYTES + 100 - CONSOLE_HISTORY + i;

			cr_assert_eq((uint8_t)text[i], (uint8_t)(n * 7 + n / 999), "byte %u", i);
		}
	}
}

/* A host of before sends the number of bytes alone. */
Test(machine_state, a_console_that_came_without_its_history_goes_on)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	char text[8];

	fake_outb(m, 0x3F8, 'a');
	m->console.s.history_bytes = 0;
	m = moved(m);
	cr_assert_eq(machine_console_read(m, &offset, text, 8), 0);
	fake_outb(m, 0x3F8, 'b');
	cr_assert_eq(machine_console_read(m, &offset, text, 8), 1);
	cr_assert_eq(text[0], 'b');
}

Test(machine_state, console_offsets_go_on_and_typed_bytes_come_along)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	char text[8];

	for (unsigned i = 0; i < 5; i++)
		fake_outb(m, 0x3F8, 'a');
	machine_console_write(m, "q", 1);
	m = moved(m);
	cr_assert_eq(m->console.s.offset, 5);
	cr_assert_eq(machine_console_read(m, &offset, text, 8), 5);
	cr_assert_eq(offset, 5);
	fake_outb(m, 0x3F8, 'b');
	cr_assert_eq(machine_console_read(m, &offset, text, 8), 1);
	cr_assert_eq(text[0], 'b');
	cr_assert_eq(fake_inb(m, 0x3F8), 'q');
}

Test(machine_state, latched_init_and_nmi_come_along)
{
	struct machine *m = fake_machine(2);

	fake_lapic_write(m, 0, 0x310, 1u << 24);
	fake_lapic_write(m, 0, 0x300, 0x4500);
	fake_lapic_write(m, 0, 0x300, 0x4400);
	m = moved(m);
	cr_assert(m->lapic[1].s.init_pending);
	cr_assert(machine_nmi_pending(m, 1));
}
