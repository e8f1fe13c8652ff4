/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"

#define BASE(vcpu) (0xFEE00800ull | ((vcpu) == 0 ? 0x100 : 0))

static struct machine *on(unsigned vcpus)
{
	struct machine *m = fake_machine(vcpus);

	for (unsigned i = 0; i < vcpus; i++)
		fake_lapic_write(m, i, 0xF0, 0x1FF);
	return m;
}

static struct machine *x2(unsigned vcpus)
{
	struct machine *m = on(vcpus);

	for (unsigned i = 0; i < vcpus; i++)
		cr_assert(machine_wrmsr(m, i, 0x1B, BASE(i) | 0x400));
	return m;
}

static uint64_t msr(struct machine *m, unsigned vcpu, uint32_t index)
{
	uint64_t value = 0;

	cr_assert(machine_rdmsr(m, vcpu, index, &value), "MSR 0x%x", index);
	return value;
}

static void self(struct machine *m, uint8_t vector)
{
	fake_lapic_write(m, 0, 0x300, 0x44000u | vector);
}

/* --- registers -------------------------------------------------------------------------------------- */

Test(lapic, identifies_itself)
{
	struct machine *m = on(3);

	cr_assert_eq(fake_lapic_read(m, 2, 0x20), 2u << 24);
	cr_assert_eq(fake_lapic_read(m, 0, 0x30), 0x00050014);
	cr_assert_eq(msr(m, 0, 0x1B), 0xFEE00900);
	cr_assert_eq(msr(m, 1, 0x1B), 0xFEE00800);
}

Test(lapic, firmware_left_the_boot_cpu_in_virtual_wire_mode)
{
	struct machine *m = fake_machine(2);

	cr_assert_eq(fake_lapic_read(m, 0, 0xF0), 0x1FF);
	cr_assert_eq(fake_lapic_read(m, 0, 0x350), 0x700);
	cr_assert_eq(fake_lapic_read(m, 0, 0x360), 0x400);
	cr_assert_eq(fake_lapic_read(m, 1, 0xF0), 0xFF);
	cr_assert_eq(fake_lapic_read(m, 1, 0x350), 0x10000);
}

Test(lapic, disabling_by_software_masks_the_local_vectors)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x320, 0x40);
	fake_lapic_write(m, 0, 0xF0, 0xFF);
	cr_assert_eq(fake_lapic_read(m, 0, 0x320), 0x10040);
	fake_lapic_write(m, 0, 0x320, 0x40);
	cr_assert_eq(fake_lapic_read(m, 0, 0x320), 0x10040, "and keeps them masked");
}

Test(lapic, an_unknown_register_sets_the_error_status)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x370, 0x45);
	fake_lapic_read(m, 0, 0x3F0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x280), 0, "not before a write latches it");
	fake_lapic_write(m, 0, 0x280, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x280), 0x80);
	cr_assert_eq(fake_take(m, 0), 0x45, "the error vector");
	fake_lapic_write(m, 0, 0x280, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x280), 0);
}

Test(lapic, sending_an_illegal_vector_is_an_error)
{
	struct machine *m = on(1);

	self(m, 5);
	fake_lapic_write(m, 0, 0x280, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x280), 0x20);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
}

Test(lapic, an_illegal_error_vector_does_not_loop)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x370, 0x05);
	self(m, 5);
	fake_lapic_write(m, 0, 0x280, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x280), 0x60);
}

Test(lapic, narrow_reads_give_their_bytes)
{
	struct machine *m = on(1);
	uint64_t value;

	cr_assert(machine_mmio(m, 0, LAPIC_GPA + 0x32, 1, false, &value));
	cr_assert_eq(value, 0x05);
	cr_assert(machine_mmio(m, 0, LAPIC_GPA + 0x30, 8, false, &value));
	cr_assert_eq(value, 0x00050014);
}

/* --- priority --------------------------------------------------------------------------------------- */

Test(lapic, the_highest_vector_is_delivered_first)
{
	struct machine *m = on(1);

	self(m, 0x31);
	self(m, 0xE1);
	self(m, 0x55);
	cr_assert_eq(fake_take(m, 0), 0xE1);
	cr_assert_eq(fake_lapic_read(m, 0, 0xA0), 0xE0, "PPR");
	cr_assert_eq(fake_take(m, 0), -1);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), 0x55);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), 0x31);
}

Test(lapic, task_priority_holds_its_class_back)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x80, 0x50);
	self(m, 0x5F);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
	self(m, 0x60);
	cr_assert_eq(machine_intr_pending(m, 0), 0x60);
	fake_lapic_write(m, 0, 0x80, 0x4F);
	cr_assert_eq(fake_take(m, 0), 0x60);
	cr_assert_eq(fake_take(m, 0), -1);
	cr_assert_eq(fake_lapic_read(m, 0, 0xA0), 0x60);
}

Test(lapic, a_request_moves_from_irr_to_isr_and_out)
{
	struct machine *m = on(1);

	self(m, 0x41);
	cr_assert_eq(fake_lapic_read(m, 0, 0x220), 1u << 1);
	fake_take(m, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x220), 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x120), 1u << 1);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x120), 0);
}

Test(lapic, looking_has_no_side_effect)
{
	struct machine *m = on(1);

	self(m, 0x41);
	cr_assert_eq(machine_intr_pending(m, 0), 0x41);
	cr_assert_eq(machine_intr_pending(m, 0), 0x41);
}

Test(lapic, while_disabled_by_software_nothing_is_delivered_but_nmi)
{
	struct machine *m = fake_machine(2);

	fake_lapic_write(m, 0, 0x310, 1u << 24);
	fake_lapic_write(m, 0, 0x300, 0x4041);
	cr_assert_eq(machine_intr_pending(m, 1), -1);
	fake_lapic_write(m, 0, 0x300, 0x4400);
	cr_assert(machine_nmi_pending(m, 1));
}

Test(lapic, an_edge_on_a_vector_that_was_level_needs_no_broadcast)
{
	struct machine *m = on(1);

	fake_ioapic_route(m, 9, 0x8041);
	machine_irq(m, 9, true);
	cr_assert_eq(fake_lapic_read(m, 0, 0x1A0), 1u << 1, "TMR");
	self(m, 0x41);
	cr_assert_eq(fake_lapic_read(m, 0, 0x1A0), 0);
}

/* --- IPIs ------------------------------------------------------------------------------------------- */

static unsigned receivers(struct machine *m, uint32_t high, uint32_t low)
{
	unsigned set = 0;

	fake_lapic_write(m, 0, 0x310, high);
	fake_lapic_write(m, 0, 0x300, low);
	for (unsigned i = 0; i < m->vcpus; i++) {
		if (fake_take(m, i) < 0)
			continue;
		fake_lapic_write(m, i, 0xB0, 0);
		set |= 1u << i;
	}
	return set;
}

Test(lapic, shorthands_and_physical_destinations)
{
	struct machine *m = on(4);

	cr_assert_eq(receivers(m, 0, 0x44041), 0x1, "self");
	cr_assert_eq(receivers(m, 0, 0x84041), 0xF, "all");
	cr_assert_eq(receivers(m, 0, 0xC4041), 0xE, "others");
	cr_assert_eq(receivers(m, 3u << 24, 0x4041), 0x8, "physical");
	cr_assert_eq(receivers(m, 0xFFu << 24, 0x4041), 0xF, "broadcast");
	cr_assert_eq(receivers(m, 9u << 24, 0x4041), 0, "nobody");
}

Test(lapic, flat_logical_destinations)
{
	struct machine *m = on(4);

	for (unsigned i = 0; i < 4; i++)
		fake_lapic_write(m, i, 0xD0, 1u << (24 + i));
	cr_assert_eq(receivers(m, 0x0Au << 24, 0x4841), 0xA);
}

Test(lapic, cluster_logical_destinations)
{
	struct machine *m = on(4);

	for (unsigned i = 0; i < 4; i++) {
		fake_lapic_write(m, i, 0xE0, 0);
		fake_lapic_write(m, i, 0xD0, (i / 2) << 28 | 1u << (24 + i % 2));
	}
	cr_assert_eq(fake_lapic_read(m, 0, 0xE0), 0x0FFFFFFF);
	cr_assert_eq(receivers(m, 0x13u << 24, 0x4841), 0xC);
}

Test(lapic, lowest_priority_picks_the_least_busy)
{
	struct machine *m = on(3);

	fake_lapic_write(m, 0, 0x80, 0x20);
	fake_lapic_write(m, 1, 0x80, 0x10);
	fake_lapic_write(m, 2, 0x80, 0x20);
	cr_assert_eq(receivers(m, 0xFFu << 24, 0x4141), 0x2);
}

Test(lapic, an_ipi_wakes_its_target)
{
	struct machine *m = on(2);

	fake_kicks[0] = fake_kicks[1] = 0;
	fake_lapic_write(m, 0, 0x310, 1u << 24);
	fake_lapic_write(m, 0, 0x300, 0x4041);
	cr_assert_eq(fake_kicks[1], 1);
	cr_assert_eq(fake_kicks[0], 0);
}

Test(lapic, init_and_sipi_are_latched_for_the_vcpu)
{
	struct machine *m = on(2);

	fake_lapic_write(m, 0, 0x310, 1u << 24);
	fake_lapic_write(m, 0, 0x300, 0xC500);
	m->lapic[1].s.init_pending = 0;		/* as if taken */
	fake_lapic_write(m, 0, 0x300, 0x8500);
	cr_assert_not(m->lapic[1].s.init_pending, "the de-assert is not a second INIT");
	fake_lapic_write(m, 0, 0x300, 0xC500);
	cr_assert_eq(fake_lapic_read(m, 1, 0xF0), 0xFF, "INIT reset the APIC");
	cr_assert(m->lapic[1].s.init_pending && !m->lapic[1].s.sipi_pending);
	fake_lapic_write(m, 0, 0x300, 0x4699);
	cr_assert(m->lapic[1].s.sipi_pending);
	cr_assert_eq(m->lapic[1].s.sipi_vector, 0x99);
	cr_assert_not(m->lapic[0].s.init_pending || m->lapic[0].s.sipi_pending);
}

/* --- timer ------------------------------------------------------------------------------------------ */

Test(lapic, one_shot_counts_down_and_fires_once)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x60);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_now_ns = 400;
	cr_assert_eq(fake_lapic_read(m, 0, 0x390), 600);
	cr_assert_eq(machine_deadline_ns(m), 1000);
	fake_run_ns(m, 599);
	cr_assert_eq(fake_take(m, 0), -1);
	fake_run_ns(m, 1);
	cr_assert_eq(fake_take(m, 0), 0x60);
	cr_assert_eq(fake_lapic_read(m, 0, 0x390), 0);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
}

Test(lapic, the_divider_slows_the_count)
{
	static const struct { uint32_t code, by; } divide[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 }, { 0x8, 32 }, { 0x9, 64 }, { 0xA, 128 }, { 0xB, 1 } };

	for (unsigned i = 0; i < 8; i++) {
		struct machine *m = on(1);

		fake_lapic_write(m, 0, 0x320, 0x60);
		fake_lapic_write(m, 0, 0x3E0, divide[i].code);
		fake_lapic_write(m, 0, 0x380, 1000);
		cr_expect_eq(machine_deadline_ns(m), 1000 * divide[i].by, "code 0x%x", divide[i].code);
	}
}

Test(lapic, changing_the_divider_keeps_the_count)
{
	struct machine *m = on(1);

	fake_now_ns = 1000000;
	fake_lapic_write(m, 0, 0x320, 0x60);
	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_now_ns += 300;
	fake_lapic_write(m, 0, 0x3E0, 0x0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x390), 700);
	cr_assert_eq(machine_deadline_ns(m), 1000300 + 1400);
}

Test(lapic, changing_the_divider_in_a_later_period_keeps_the_rhythm)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x20060);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_run_ns(m, 5400);
	fake_take(m, 0);
	fake_lapic_write(m, 0, 0xB0, 0);
	fake_lapic_write(m, 0, 0x3E0, 0x0);
	cr_assert_eq(fake_lapic_read(m, 0, 0x390), 600);
	cr_assert_eq(machine_deadline_ns(m), 5400 + 1200);
}

Test(lapic, making_a_spent_one_shot_periodic_waits_for_the_next_period)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x60);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_run_ns(m, 5500);
	fake_take(m, 0);
	fake_lapic_write(m, 0, 0xB0, 0);
	fake_lapic_write(m, 0, 0x320, 0x20060);
	machine_poll(m, fake_now_ns);
	cr_assert_eq(fake_take(m, 0), -1);
	cr_assert_eq(machine_deadline_ns(m), 6000);
}

Test(lapic, periodic_fires_each_period_without_drift)
{
	struct machine *m = on(1);
	unsigned n = 0;

	m->tsc_khz = 2999997;	/* a period that is no whole number of ns */
	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x20060);
	fake_lapic_write(m, 0, 0x380, 1000);
	for (; machine_deadline_ns(m) <= 1000000; n++) {
		fake_now_ns = machine_deadline_ns(m);
		machine_poll(m, fake_now_ns);
		cr_assert_eq(fake_take(m, 0), 0x60);
		fake_lapic_write(m, 0, 0xB0, 0);
	}
	cr_assert_eq(n, 2999, "2999997 clocks / 1000");
}

Test(lapic, periods_missed_while_away_are_one_interrupt)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x20060);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_now_ns = 10500;
	machine_poll(m, fake_now_ns);
	cr_assert_eq(fake_take(m, 0), 0x60);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), -1);
	cr_assert_eq(machine_deadline_ns(m), 11000);
}

Test(lapic, a_masked_timer_counts_but_does_not_interrupt_later)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x10060);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_now_ns = 2000;
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
	fake_lapic_write(m, 0, 0x320, 0x60);
	machine_poll(m, fake_now_ns);
	cr_assert_eq(fake_take(m, 0), -1);
}

Test(lapic, an_initial_count_of_zero_stops_the_timer)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x320, 0x20060);
	fake_lapic_write(m, 0, 0x380, 1000);
	fake_lapic_write(m, 0, 0x380, 0);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
	cr_assert_eq(fake_lapic_read(m, 0, 0x390), 0);
}

Test(lapic, tsc_deadline_fires_when_the_guests_tsc_reaches_it)
{
	struct machine *m = on(1);

	fake_tsc_offset = 5000;
	fake_lapic_write(m, 0, 0x320, 0x40060);
	cr_assert(machine_wrmsr(m, 0, 0x6E0, 7000));
	cr_assert_eq(msr(m, 0, 0x6E0), 7000);
	cr_assert_eq(machine_deadline_ns(m), 2000);
	fake_run_ns(m, 1999);
	cr_assert_eq(fake_take(m, 0), -1);
	fake_run_ns(m, 1);
	cr_assert_eq(fake_take(m, 0), 0x60);
	cr_assert_eq(msr(m, 0, 0x6E0), 0, "disarmed");
}

Test(lapic, a_tsc_deadline_in_the_past_fires_at_once)
{
	struct machine *m = on(1);

	fake_now_ns = 1000;
	fake_lapic_write(m, 0, 0x320, 0x40060);
	machine_wrmsr(m, 0, 0x6E0, 1);
	cr_assert_eq(fake_take(m, 0), 0x60);
}

Test(lapic, the_tsc_deadline_msr_counts_only_in_its_mode)
{
	struct machine *m = on(1);

	machine_wrmsr(m, 0, 0x6E0, 5000);
	cr_assert_eq(msr(m, 0, 0x6E0), 0);
	fake_lapic_write(m, 0, 0x320, 0x40060);
	machine_wrmsr(m, 0, 0x6E0, 5000);
	fake_lapic_write(m, 0, 0x380, 77);
	cr_assert_eq(fake_lapic_read(m, 0, 0x380), 0, "the initial count is ignored");
	fake_lapic_write(m, 0, 0x320, 0x60);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX, "leaving the mode disarms");
}

Test(lapic, a_far_tsc_deadline_saturates)
{
	struct machine *m = on(1);

	m->tsc_khz = 1;
	fake_lapic_write(m, 0, 0x320, 0x40060);
	machine_wrmsr(m, 0, 0x6E0, UINT64_MAX);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
}

/* --- x2APIC and the base register ------------------------------------------------------------------- */

Test(lapic, x2apic_registers_are_msrs_and_the_page_is_gone)
{
	struct machine *m = x2(2);

	cr_assert_eq(msr(m, 1, 0x802), 1);
	cr_assert_eq(msr(m, 1, 0x80D), 2, "logical id");
	cr_assert_eq(msr(m, 1, 0x803), 0x00050014);
	cr_assert_eq(fake_lapic_read(m, 1, 0x30), 0xFFFFFFFF);
}

Test(lapic, x2apic_msrs_fault_outside_x2apic_mode)
{
	struct machine *m = on(1);
	uint64_t value;

	cr_assert_not(machine_rdmsr(m, 0, 0x802, &value));
	cr_assert_not(machine_wrmsr(m, 0, 0x80B, 0));
}

Test(lapic, x2apic_faults_where_the_sdm_says)
{
	static const uint32_t unreadable[] = { 0x80B, 0x80E, 0x831, 0x83F, 0x804, 0x8FF, 0x82F };
	static const struct { uint32_t msr; uint64_t value; } refused[] = {
		{ 0x802, 0 }, { 0x80D, 1 }, { 0x80B, 1 }, { 0x828, 1 }, { 0x808, 0x100 }, { 0x80F, 0x1000 },
		{ 0x80F, 1ull << 32 }, { 0x830, 0x2000 }, { 0x832, 0x80000 }, { 0x83E, 4 }, { 0x83F, 0x100 },
		{ 0x810, 0 }, { 0x839, 0 },
	};
	struct machine *m = x2(1);
	uint64_t value;

	for (unsigned i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++)
		cr_expect_not(machine_rdmsr(m, 0, unreadable[i], &value), "read 0x%x", unreadable[i]);
	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		cr_expect_not(machine_wrmsr(m, 0, refused[i].msr, refused[i].value), "write 0x%x", refused[i].msr);
}

Test(lapic, x2apic_ipis)
{
	struct machine *m = x2(3);

	cr_assert(machine_wrmsr(m, 0, 0x830, 2ull << 32 | 0x4041));
	cr_assert_eq(fake_take(m, 2), 0x41);
	cr_assert_eq(msr(m, 0, 0x830), 2ull << 32 | 0x4041);
	cr_assert(machine_wrmsr(m, 2, 0x80B, 0));
	cr_assert(machine_wrmsr(m, 0, 0x830, 6ull << 32 | 0x4842));
	cr_assert_eq(fake_take(m, 1), 0x42);
	cr_assert_eq(fake_take(m, 2), 0x42);
	cr_assert(machine_wrmsr(m, 1, 0x83F, 0x53));
	cr_assert_eq(fake_take(m, 1), 0x53);
	cr_assert(machine_wrmsr(m, 0, 0x830, 0xFFFFFFFFull << 32 | 0x4044));
	cr_assert_eq(fake_take(m, 0), 0x44);
}

Test(lapic, an_io_apic_interrupt_reaches_an_x2apic)
{
	struct machine *m = x2(2);

	fake_ioapic_route(m, 9, 0x0100000000008041);
	machine_irq(m, 9, true);
	cr_assert_eq(fake_take(m, 1), 0x41);
	machine_irq(m, 9, false);
	cr_assert(machine_wrmsr(m, 1, 0x80B, 0));
	cr_assert_eq(fake_ioapic_read(m, 0x22) & 0x4000, 0);
}

Test(lapic, entering_x2apic_clears_the_destination_of_the_command_register)
{
	struct machine *m = on(1);

	fake_lapic_write(m, 0, 0x310, 0x07000000);
	cr_assert(machine_wrmsr(m, 0, 0x1B, 0xFEE00D00));
	cr_assert_eq(msr(m, 0, 0x830), 0);
}

Test(lapic, base_register_transitions)
{
	struct machine *m = on(1);

	cr_assert_not(machine_wrmsr(m, 0, 0x1B, 0xFEE00500), "EXTD without EN");
	cr_assert_not(machine_wrmsr(m, 0, 0x1B, 0xFEE00901), "reserved bit");
	cr_assert_not(machine_wrmsr(m, 0, 0x1B, 0xFED00900), "another page");
	cr_assert(machine_wrmsr(m, 0, 0x1B, 0xFEE00D00));
	cr_assert_not(machine_wrmsr(m, 0, 0x1B, 0xFEE00900), "x2APIC to xAPIC");
	cr_assert(machine_wrmsr(m, 0, 0x1B, 0xFEE00100));
	cr_assert_not(machine_wrmsr(m, 0, 0x1B, 0xFEE00D00), "off to x2APIC");
	cr_assert(machine_wrmsr(m, 0, 0x1B, 0xFEE00900));
}

Test(lapic, a_cpu_policy_without_x2apic_refuses_it)
{
	struct machine *m = on(1);

	m->x2apic = false;
	cr_assert_not(machine_wrmsr(m, 0, 0x1B, 0xFEE00D00));
}

Test(lapic, a_disabled_apic_lets_the_8259_through_to_the_boot_cpu)
{
	struct machine *m = on(2);

	fake_outb(m, 0x21, 0);
	machine_irq(m, 4, true);
	fake_lapic_write(m, 0, 0x350, 0x10000);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
	cr_assert(machine_wrmsr(m, 0, 0x1B, 0xFEE00100));
	cr_assert_eq(machine_intr_pending(m, 0), 0x0C);
	cr_assert_eq(machine_intr_pending(m, 1), -1);
}

Test(lapic, other_msrs_are_not_the_machines)
{
	struct machine *m = on(1);
	uint64_t value;

	cr_assert_not(machine_rdmsr(m, 0, 0x10, &value));
	cr_assert_not(machine_wrmsr(m, 0, 0x10, 0));
}
