/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/bytes.h"
#include "lib/pages.h"
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* What a guest is started from goes along with it: kernel, initrd, command line. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define KERNEL (2 * MIB + 1000)
#define INITRD 300000u

static struct pair pair;
static struct fake_guest *web1;
static uint8_t kernel[KERNEL], initrd[INITRD];
static struct blob here[2];		/* as a has them, and b does not */
static uint64_t spare[2];
static struct wire_record record[1024];

static uint64_t spare_chunks(void *ctx)
{
	return spare[((struct pair_host *)ctx)->number];
}

/* Both hosts share one store of blobs: what a has and b lacks is none of its. */
static struct blob only_here(const uint8_t *bytes, uint64_t n)
{
	struct blob *b = blob_file(bytes, n), copy;

	cr_assert(blob_name_step(b, n));
	copy = *b;
	memset(b, 0, sizeof(*b));
	return copy;
}

static void setup(void)
{
	static void *memory;

	/* Below 4 GiB, where page_alloc looks. */
	if (!memory) {
		memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		cr_assert_neq(memory, MAP_FAILED);
		pages_add((uint64_t)(uintptr_t)memory, 64 * MIB);
	}
	pair_init(&pair, 16 * MIB);
	for (int n = 0; n < 2; n++) {
		struct pair_host *h = &pair.host[n];

		mig_service_destroy(h->service);
		h->host.spare_chunks = spare_chunks;
		h->host.resume_grace_ns = 30 * SECOND;
		h->service = mig_service_create(&h->host);
		spare[n] = 16;
	}
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	web1 = pair.host[0].guest[0];
	fake_guest_work(web1, 3000, 1500);
	pair.work = 1;
	pair.work_pages = 64;
	for (size_t i = 0; i < KERNEL; i++)
		kernel[i] = (uint8_t)(i * 31 + i / 999);
	memset(initrd, 'i', INITRD);
	here[0] = only_here(kernel, KERNEL);
	here[1] = only_here(initrd, INITRD);
	strcpy(web1->images.cmdline, "console=ttyS0 quiet");
	web1->images.kernel = &here[0];
	web1->images.initrd = &here[1];
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(images, .init = setup, .fini = teardown);

static const struct mig_job *move(void)
{
	return pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 100 * SECOND);
}

static void expect_moved(const struct mig_job *job)
{
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(pair.most_running, 1);
}

static void expect_content(const struct blob *b, const uint8_t *bytes, uint64_t n)
{
	uint64_t run;

	cr_assert_not_null(b);
	cr_assert(blob_whole(b));
	cr_expect_eq(b->bytes, n);
	for (uint64_t at = 0; at < n; at += run) {
		const void *data = blob_at(b, at, &run);

		cr_expect(!memcmp(data, bytes + at, run));
	}
}

static void expect_images(void)
{
	const struct fake_guest *new = pair_running(&pair, 1);

	cr_assert_not_null(new);
	cr_expect_str_eq(new->images.cmdline, "console=ttyS0 quiet");
	expect_content(new->images.kernel, kernel, KERNEL);
	expect_content(new->images.initrd, initrd, INITRD);
}

/* Bytes of kernel and initrd that a sent on connection @n. */
static uint64_t blob_bytes(unsigned n)
{
	size_t bytes;
	const uint8_t *data = pipe_sent(pair.pipe[n], 0, &bytes);
	unsigned records = wire_records(data, bytes, record, 1024);
	uint64_t sum = 0;
	bool stopped = false;

	for (unsigned i = 0; i < records; i++) {
		stopped |= record[i].type == MIG_STOP;
		cr_expect(record[i].type != MIG_BLOB || !stopped, "all of it is there before the stop");
		sum += record[i].type == MIG_BLOB ? record[i].length - 32 - 16 : 0;
	}
	return sum;
}

Test(images, that_the_destination_lacks_go_along)
{
	expect_moved(move());
	expect_images();
	cr_expect_eq(blob_bytes(0), KERNEL + INITRD);
}

Test(images, that_the_destination_has_are_not_sent)
{
	struct blob *file = blob_file(kernel, KERNEL);

	here[1] = only_here(initrd, INITRD);
	expect_moved(move());
	expect_images();
	cr_expect(file->named, "it was found by its hash");
	cr_expect_eq(pair_running(&pair, 1)->images.kernel, file);
	cr_expect_eq(blob_bytes(0), INITRD);
}

Test(images, without_an_initrd_need_none)
{
	web1->images.initrd = NULL;
	expect_moved(move());
	cr_expect_null(pair_running(&pair, 1)->images.initrd);
	expect_content(pair_running(&pair, 1)->images.kernel, kernel, KERNEL);
}

Test(images, come_back_home_without_being_sent_again)
{
	expect_moved(move());
	pair_run(&pair, SECOND);
	cr_assert_eq(pair_wait(&pair, 1, pair_migrate(&pair, 1, MIG_VERIFY_FULL), 100 * SECOND)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(blob_bytes(pair.pipes - 1), 0);
	expect_content(pair_running(&pair, 0)->images.kernel, kernel, KERNEL);
}

Test(images, go_before_the_stop_of_a_guest_that_stands_still)
{
	pair.type = MIG_MOVE_RESUME;
	expect_moved(move());
	expect_images();
	cr_expect_eq(blob_bytes(0), KERNEL + INITRD);
}

Test(images, go_before_a_guest_that_is_off_is_made_anew)
{
	pair.type = MIG_MOVE_RESTART;
	web1->life = FAKE_OFF;
	expect_moved(move());
	expect_images();
	cr_expect_eq(blob_bytes(0), KERNEL + INITRD);
}

Test(images, that_find_no_memory_stay_behind_and_the_guest_moves)
{
	spare[1] = 0;
	expect_moved(move());
	cr_expect_null(pair_running(&pair, 1)->images.kernel);
	cr_expect_eq(blob_idle_chunks(), 0, "nothing of it is kept");
}

Test(images, whose_memory_ends_on_the_way_stay_behind_and_the_guest_moves)
{
	uint32_t job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);

	while (!pair.pipes || !blob_bytes(0))
		pair_step(&pair);
	spare[1] = 0;
	expect_moved(pair_wait(&pair, 0, job, 100 * SECOND));
	cr_expect_null(pair_running(&pair, 1)->images.kernel);
	pair_run(&pair, 10 * SECOND);
	cr_expect_eq(blob_idle_chunks(), 0);
}

Test(images, that_are_not_what_their_hash_says_end_the_move)
{
	const struct mig_job *job;

	here[0].name[5] ^= 1;
	job = move();
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect(strstr(job->error, "the kernel is not what DEFINITION's hash says"), "%s", job->error);
	cr_expect_eq(pair_running(&pair, 0), web1);
	cr_expect_eq(blob_idle_chunks(), 0);
}

Test(images, of_a_guest_that_knows_none_are_not_spoken_of)
{
	size_t bytes;
	const uint8_t *data;

	web1->images.kernel = web1->images.initrd = NULL;
	expect_moved(move());
	data = pipe_sent(pair.pipe[0], 0, &bytes);
	for (unsigned i = 0, n = wire_records(data, bytes, record, 1024); i < n; i++)
		cr_expect_neq(record[i].type, MIG_DEFINITION);
}

static size_t cut_at;

static void cuts(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (number == 0)
		pipe_cut_after(pipe, 0, cut_at, false);
}

/* At each record of the clean run up to the stop. */
Test(images, go_on_where_a_cut_stopped_them, .timeout = 300)
{
	static size_t ends[1024];
	const uint8_t *data;
	unsigned n = 0, count;
	size_t bytes;

	expect_moved(move());
	data = pipe_sent(pair.pipe[0], 0, &bytes);
	count = wire_records(data, bytes, record, 1024);
	for (unsigned i = 0; i < count && record[i].type != MIG_STOP; i++)
		if (record[i].type == MIG_BLOB || record[i].type == MIG_DEFINITION)
			ends[n++] = record[i].at + record[i].length;
	teardown();
	for (unsigned i = 0; i < n; i += n / 12) {
		setup();
		blob_give_up(1000);
		cut_at = ends[i];
		pair.on_connect = cuts;
		expect_moved(move());
		expect_images();
		cr_expect_geq(pair.pipes, 2);
		cr_expect_leq(blob_bytes(0) + blob_bytes(1), KERNEL + INITRD + 600000, "%llu of %llu at record %u",
			      (unsigned long long)(blob_bytes(0) + blob_bytes(1)), (unsigned long long)(KERNEL + INITRD), i);
		if (i + n / 12 < n)
			teardown();
	}
}
