/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include "arch/x86_64/time.h"
#include "hv/exit.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define PAGES 2048u

static struct vm *vm;
static uint64_t log_of_pml[512];
static uint64_t next_page, written, found, ran_ns;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	fake_vcpu.s.rflags = 0x202;
	vm->vcpu[0].pml = log_of_pml;
	next_page = written = found = ran_ns = 0;
	for (uint64_t at = 0; at < vm->memory_bytes; at += CHUNK_SIZE)
		vm_memory_touch(vm, at);
}

static void ended(void)
{
	dirty_stop(&vm->dirty);
}

TestSuite(throttle, .init = fresh, .fini = ended);

/* The guest works for 10 us, and its timer may be due. */
static void work(struct vcpu *c)
{
	fake_host.tsc += 10000;
	ran_ns += 10000;
	c->event = 0;
	c->exit.kind = VCPU_EXIT_TIMER;
}

/* Reads, or writes what is dirty already: nothing that a tracker sees. */
static void reader(struct vcpu *c)
{
	work(c);
}

/* Write-protect: the first write to a clean page, every 10 us. */
static void faulting_writer(struct vcpu *c)
{
	work(c);
	c->exit.kind = VCPU_EXIT_MEMORY;
	c->exit.memory.at = next_page++ % PAGES * PAGE_SIZE;
	c->exit.memory.flags = VCPU_MEMORY_WRITE | VCPU_MEMORY_OPERAND;
	written++;
}

/* PML: 100 pages for each exit. */
static void logging_writer(struct vcpu *c)
{
	work(c);
	for (unsigned n = 0; n < 100; n++)
		log_of_pml[511 - n] = next_page++ % PAGES * PAGE_SIZE;
	fake_vcpu.pml_index = 411;
	written += 100;
}

/* A/D: nobody is told; the test harvests for it. */
static void silent_writer(struct vcpu *c)
{
	work(c);
	written++;
}

/* The same, of a guest that mostly computes: a page each millisecond. */
static void mild_writer(struct vcpu *c)
{
	static unsigned calls;

	work(c);
	written += ++calls % 100 == 0;
}

/* Runs the guest for @ns of the host's time as the main loop does; a harvest every @round_ns finds what was written; 0: none. */
static void run(uint64_t ns, uint64_t round_ns)
{
	uint64_t end = time_ns() + ns, next = time_ns() + round_ns;

	while (time_ns() < end) {
		uint64_t wake = vm_wake_ns(vm);

		if (wake > time_ns())
			fake_host.tsc += wake - time_ns() < MS ? wake - time_ns() : MS;
		else
			vm_run_slice(vm, MS);
		if (round_ns && time_ns() >= next) {
			throttle_found(&vm->throttle, 0, written - found);
			found = written;
			next += round_ns;
		}
	}
}

static void track(enum dirty_kind kind)
{
	cr_assert_eq(dirty_start(&vm->dirty, &vm->gpt, kind, vm->memory_bytes, NULL), ERR_OK);
}

Test(throttle, a_writer_is_held_to_its_allowance_at_the_write_fault)
{
	track(DIRTY_WRITE_PROTECT);
	fake_vcpu.guest = faulting_writer;
	run(SECOND, 0);
	cr_expect_geq(written, 90000, "unthrottled: %llu", (unsigned long long)written);
	written = 0;
	throttle_set(&vm->throttle, 1000, time_ns());
	run(SECOND, 0);
	cr_expect_geq(written, 900, "%llu", (unsigned long long)written);
	cr_expect_leq(written, 1100, "%llu", (unsigned long long)written);
}

Test(throttle, a_writer_is_held_to_its_allowance_at_the_drained_log)
{
	track(DIRTY_PML);
	fake_vcpu.guest = logging_writer;
	throttle_set(&vm->throttle, 1000, time_ns());
	run(2 * SECOND, 0);
	cr_expect_geq(written, 1800, "%llu", (unsigned long long)written);
	cr_expect_leq(written, 2200, "%llu", (unsigned long long)written);
}

Test(throttle, a_writer_that_only_a_harvest_shows_is_held_near_its_allowance)
{
	track(DIRTY_AD);
	fake_vcpu.guest = silent_writer;
	throttle_set(&vm->throttle, 1000, time_ns());
	run(SECOND, 50 * MS);	/* learns */
	written = found = 0;
	run(4 * SECOND, 50 * MS);
	cr_expect_geq(written, 2000, "%llu", (unsigned long long)written);
	cr_expect_leq(written, 8000, "%llu", (unsigned long long)written);
}

/* The first harvest under a throttle finds what a whole round before it made dirty, in a time without throttle. */
Test(throttle, pages_of_the_time_before_the_throttle_cost_no_more_than_others)
{
	track(DIRTY_AD);
	fake_vcpu.guest = mild_writer;
	run(3 * SECOND, SECOND);
	run(900 * MS, 0);
	throttle_set(&vm->throttle, 500, time_ns());
	throttle_found(&vm->throttle, 0, written - found);
	found = written;
	for (unsigned second = 0; second < 4; second++) {
		written = found = 0;
		run(SECOND, SECOND);
		cr_expect_geq(written, 300, "second %u: %llu", second, (unsigned long long)written);
		cr_expect_leq(written, 700, "second %u: %llu", second, (unsigned long long)written);
	}
}

Test(throttle, a_reader_pays_nothing)
{
	static const enum dirty_kind kinds[] = { DIRTY_WRITE_PROTECT, DIRTY_PML, DIRTY_AD };

	for (int n = 0; n < 3; n++) {
		fresh();
		track(kinds[n]);
		fake_vcpu.guest = reader;
		throttle_set(&vm->throttle, 16, time_ns());
		run(SECOND, 50 * MS);
		cr_expect_geq(ran_ns, SECOND * 99 / 100, "%s", dirty_kind_name(kinds[n]));
	}
}

Test(throttle, who_waits_goes_on_when_the_throttle_ends)
{
	track(DIRTY_WRITE_PROTECT);
	fake_vcpu.guest = faulting_writer;
	throttle_set(&vm->throttle, 16, time_ns());
	run(100 * MS, 0);
	cr_expect_gt(vm_wake_ns(vm), time_ns());
	throttle_set(&vm->throttle, 0, time_ns());
	cr_expect_eq(vm_wake_ns(vm), 0);
	written = 0;
	run(100 * MS, 0);
	cr_expect_geq(written, 9000);
}

Test(throttle, no_wait_is_longer_than_a_second)
{
	struct vm_throttle t = { 0 };

	throttle_set(&t, 16, 5);
	throttle_spend(&t, 512, 5);
	cr_expect(throttle_waits(&t, 5 + SECOND / 2));
	cr_expect_not(throttle_waits(&t, 5 + SECOND + MS));
	throttle_set(&t, UINT64_MAX, 5);
	throttle_spend(&t, UINT64_MAX, 5);
	throttle_ran(&t, UINT64_MAX, 6);
	cr_expect_not(throttle_waits(&t, 6 + SECOND + MS), "huge figures do not overflow");
}

Test(throttle, a_vm_that_stopped_forgets_its_throttle)
{
	track(DIRTY_WRITE_PROTECT);
	throttle_set(&vm->throttle, 16, time_ns());
	vm_free_resources(vm);
	cr_expect_eq(vm->throttle.pages_per_s, 0);
}
