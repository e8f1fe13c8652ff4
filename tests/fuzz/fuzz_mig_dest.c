/* SPDX-License-Identifier: MIT */
/* fuzz: migration fake_pages */
#include <stdlib.h>
#include <string.h>
#include "tests/fake/fake_pages.h"
#include "tests/fake/mig_said.h"

/* A source that says anything it likes in well-formed records: the input is what mig_said.h makes of it. No guest may run that
 * was not prepared, and none is kept past the time in which its source may come back. */

#define SECOND	1000000000ull
#define RECORDS	200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t spare_chunks(void *ctx)
{
	(void)ctx;
	return 8;
}

static void prepare(struct pair_host *h)
{
	h->absent = !h->number;
	h->host.resume_grace_ns = 30 * SECOND;
	h->host.spare_chunks = spare_chunks;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair pair;
	static struct said said;
	struct input in = { data, size };
	uint8_t attempt[MIG_ATTEMPT];
	bool more;

	memset(attempt, 0x42, sizeof(attempt));
	pair_init_by(&pair, 2u << 20, prepare);
	pair.unplugged = true;
	said_open(&said, &pair, 1, 0x0a4d0005, attempt);
	for (unsigned n = 1; in.left && n < RECORDS; n++) {
		said_record(&said, &in);
		if (n % 8 == 0)
			raw_let(&said.raw, 1);
	}
	raw_let(&said.raw, 20);
	raw_close(&said.raw);
	for (int n = 0; n < 4; n++)
		mig_service_step(pair.host[1].service, pipe_now_ns += 15 * SECOND, &more);
	/* Without a connection only a prepared guest may be left, or one that COMMIT made run. */
	if (pair_count(&pair, FAKE_EMPTY))
		abort();
	pair_fini(&pair);
	/* What came whole was kept for others. */
	blob_give_up(UINT64_MAX);
	if (fake_chunks_out)
		abort();
	return 0;
}
