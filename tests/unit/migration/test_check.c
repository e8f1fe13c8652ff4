/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/mig_pair.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;
static struct why_list reasons;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	pair.link.delay_ns = MS;
	memset(&reasons, 0, sizeof(reasons));
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(check, .init = setup, .fini = teardown);

Test(check, says_yes_without_any_effect_on_either_side)
{
	cr_expect(pair_check(&pair, &reasons));
	pair_run(&pair, 5 * SECOND);
	cr_expect_eq(reasons.count, 0);
	cr_expect_eq(pair.host[1].guests, 0);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RUNNING);
	cr_expect_not(pair.host[0].guest[0]->tracking);
	cr_expect_eq(mig_job_count(pair.host[0].service), 0);
	cr_expect_eq(mig_job_count(pair.host[1].service), 0);
}

Test(check, gives_every_reason_of_the_destination)
{
	struct mig_host host = pair.host[1].host;

	host.can_run_vms = false;
	strcpy(host.why_not, "this CPU has no VT-x");
	mig_service_destroy(pair.host[1].service);
	pair.host[1].service = mig_service_create(&host);
	pair.host[1].no_room = "needs 16 MiB, 3 MiB are free";
	cr_expect_not(pair_check(&pair, &reasons));
	cr_assert_eq(reasons.count, 2);
	cr_expect_str_eq(reasons.why[0].text, "lab-b can't run virtual machines: this CPU has no VT-x");
	cr_expect_str_eq(reasons.why[1].text, "web1: needs 16 MiB, 3 MiB are free");
}

Test(check, is_refused_by_the_destinations_policy)
{
	pair.host[1].refuse_all = true;
	cr_expect_not(pair_check(&pair, &reasons));
	cr_assert_eq(reasons.count, 1);
	cr_expect_str_eq(reasons.why[0].text,
			 "lab-b takes no migrations from 10.77.0.2 (accept_from in its tern.conf)");
}

static void check_against(uint32_t ipv4, uint16_t port, const char *expected)
{
	struct mig_move move = { .vm = "web1", .ipv4 = ipv4, .port = port };
	uint64_t start = pipe_now_ns;
	bool migratable = true;
	struct why why;
	uint32_t check;
	enum err e;

	cr_assert_eq(mig_check_start(pair.host[0].service, &move, &check, pipe_now_ns, &why), ERR_OK);
	do {
		pair_step(&pair);
		e = mig_check_poll(pair.host[0].service, check, &migratable, &reasons);
	} while (e == ERR_AGAIN);
	cr_expect_eq(e, ERR_OK);
	cr_expect_not(migratable);
	cr_assert_eq(reasons.count, 1);
	cr_expect_str_eq(reasons.why[0].text, expected);
	cr_expect_leq(pipe_now_ns - start, 6 * SECOND);
	cr_expect_eq(mig_check_poll(pair.host[0].service, check, &migratable, &reasons), ERR_NOTFOUND);
}

Test(check, of_an_address_where_nobody_answers_says_so_after_5_s)
{
	check_against(0x0a4d0009, 5991, "10.77.0.9 port 5991: no answer within 5 s");
}

Test(check, of_a_port_that_refuses_says_so)
{
	check_against(0x0a4d0003, 1, "10.77.0.3 port 1: the connection was refused");
}

Test(check, of_the_host_itself_says_so)
{
	check_against(0x0a4d0002, 5991, "10.77.0.2 port 5991: this is the host where web1 runs already");
}

Test(check, of_an_unknown_machine_does_not_start)
{
	struct mig_move move = { .vm = "web9", .ipv4 = 0x0a4d0003 };
	struct why why;
	uint32_t check;

	cr_expect_eq(mig_check_start(pair.host[0].service, &move, &check, pipe_now_ns, &why), ERR_NOTFOUND);
	cr_expect_str_eq(why.text, "no VM web9 runs on lab-a");
}

Test(check, of_a_host_that_dies_in_silence_ends)
{
	pair_step(&pair);
	pair.link.delay_ns = 3600 * SECOND;
	check_against(0x0a4d0003, 5991, "10.77.0.3 port 5991: HELLO did not come in time");
}

Test(check, that_is_dropped_or_never_polled_gives_its_place_back)
{
	struct mig_move move = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991 };
	struct why why;
	uint32_t check;

	for (int n = 0; n < 20; n++) {
		cr_assert_eq(mig_check_start(pair.host[0].service, &move, &check, pipe_now_ns, &why), ERR_OK);
		pair_step(&pair);
		mig_check_drop(pair.host[0].service, check);
	}
	for (int n = 0; n < 20; n++) {
		cr_assert_eq(mig_check_start(pair.host[0].service, &move, &check, pipe_now_ns, &why), ERR_OK, "%d: %s",
			     n, why.text);
		pair_run(&pair, 62 * SECOND);
	}
}

Test(check, can_run_beside_a_migration)
{
	uint32_t job;

	pair.link.rate = 10 * MIB;
	fake_guest_work(pair.host[0].guest[0], 5000, 2000);
	job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	pair_run(&pair, 50 * MS);
	cr_expect_not(pair_check(&pair, &reasons));
	cr_expect_str_eq(reasons.why[0].text, "lab-b has a VM web1 already");
	cr_expect_eq(pair_wait(&pair, 0, job, 60 * SECOND)->state, MIG_JOB_COMPLETED);
}
