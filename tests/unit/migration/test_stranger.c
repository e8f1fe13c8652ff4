/* SPDX-License-Identifier: MIT */
/* unit: migration/[a-z]*.c lib/crc32c.c lib/err.c lib/fmt.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/fake_store.c tests/fake/mig_break.c tests/fake/mig_pair.c tests/fake/mig_raw.c tests/fake/mig_wire.c tests/fake/pipe.c */
/* libs: -Lbuild/deps/host -lthird */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"

/* Connections that are none of the attempt's own way: early, late, of somebody else. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define IPV4_A 0x0a4d0002u
#define IPV4_C 0x0a4d0004u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw;

static void setup(void)
{
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	pair.host[0].idle = pair.host[1].idle = true;
	fake_guest_work(pair.host[0].guest[0], 100, 50);
	pair.host[0].guest[0]->idle = true;
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(stranger, .init = setup, .fini = teardown);

static const struct mig_source *leaving(void)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (pair.host[0].service->out[i].source)
			return pair.host[0].service->out[i].source;
	return NULL;
}

static const struct mig_dest *holder(void)
{
	for (unsigned i = 0; i < SERVICE_IN; i++)
		if (pair.host[1].service->in[i] && pair.host[1].service->in[i]->guest)
			return pair.host[1].service->in[i];
	return NULL;
}

/* A settling connection that is there before its attempt's machine is; then all until D has sent READY, which S has not read. */
static void settle_early(void)
{
	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	raw_open(&raw, &pair, 1, IPV4_A, leaving()->attempt);
	raw_hello(&raw, 0, MIG_PURPOSE_SETTLE);
	raw_let(&raw, 4);
	cr_assert_eq(raw_next(&raw), MIG_HELLO);
	while (!holder() || holder()->handoff != HD_PREPARED)
		pair_step(&pair);
}

static enum mig_record_state recorded(int host)
{
	const struct mig_note *n = mig_records_get(&pair.host[host].service->core.records, raw.attempt);

	return n ? n->state : MIG_RECORD_NONE;
}

Test(stranger, commit_on_an_early_settling_connection_runs_nothing_that_is_not_there)
{
	struct mig_commit commit = { .digest = 0 };

	settle_early();
	raw_put(&raw, MIG_COMMIT, &commit);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_REFUSED, "another digest than the machine's");
	cr_expect_eq(recorded(1), MIG_RECORD_ABORTED);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0, "the copy goes with its record");
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	raw_close(&raw);
}

Test(stranger, an_early_settling_connection_takes_the_copy_over_when_it_asks)
{
	struct mig_commit commit = { .digest = 0 };
	struct mig_query query = { .digest = 0 };

	settle_early();
	raw_put(&raw, MIG_QUERY, &query);
	raw_let(&raw, 4);
	cr_assert_eq(raw_next(&raw), MIG_ANSWER);
	cr_expect_eq(raw.body[6], MIG_ANSWER_PREPARED);
	commit.digest = holder()->ready.digest;
	raw_put(&raw, MIG_COMMIT, &commit);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_RUNNING);
	cr_expect_eq(recorded(1), MIG_RECORD_OWNED);
	raw_close(&raw);
}

Test(stranger, abort_on_an_early_settling_connection_frees_the_copy)
{
	struct mig_text text;

	settle_early();
	mig_text_set(&text, "given up");
	raw_put(&raw, MIG_ABORT, &text);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_REFUSED);
	cr_expect_eq(recorded(1), MIG_RECORD_ABORTED);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 0));
	raw_close(&raw);
}

Test(stranger, done_on_an_early_settling_connection_changes_nothing)
{
	settle_early();
	raw_put(&raw, MIG_DONE, NULL);
	raw_let(&raw, 4);
	cr_expect_eq(recorded(1), MIG_RECORD_PREPARED);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1);
	raw_close(&raw);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
}
