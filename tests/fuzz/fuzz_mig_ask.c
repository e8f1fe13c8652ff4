/* SPDX-License-Identifier: MIT */
/* fuzz: migration fake_pages */
#include <stdlib.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/mig_answers.h"

/* A host that asks what became of an attempt, and answers as the input says: byte 0 is what it asks (bits 0 and 1) and whether proofs are in
 * force (bit 2), bytes 1 and 2 are D's capabilities; bytes after that are answers. What it believes was said by D, which proved
 * itself; it asks again and again, each time a little later, and keeps no more than one connection. */

#define TURNS	200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pair pair;
static struct answers answers;

static void check(bool right)
{
	if (!right)
		abort();
}

static void prepare(struct pair_host *h)
{
	h->absent = h->number;
	h->host.connect = answers_connect;
}

/* The attempt whose first connection both have seen; what mig_answers says then. */
static void begin(struct mig_note *note, uint8_t how)
{
	memset(note, 0, sizeof(*note));
	note->source = true;
	note->state = MIG_RECORD_COMMITTED;
	note->digest = 7;
	memset(note->attempt, 0x42, sizeof(note->attempt));
	memset(note->peer_uuid, 0x55, sizeof(note->peer_uuid));
	memset(note->peer_boot, 0x88, sizeof(note->peer_boot));
	memset(note->own_proof, 0x42, sizeof(note->own_proof));
	memset(note->peer_proof, 0x43, sizeof(note->peer_proof));
	note->proves = how & 4;
	note->peer_ipv4 = 0x0a4d0003;
	note->peer_port = MIG_PORT;
	memcpy(note->vm, "web1", 5);
	memcpy(note->peer_name, "d", 2);
	answers.met = true;
	answers.agreed = how & 4 ? MIG_CAP_PROOF : 0;
	memcpy(answers.uuid, note->peer_uuid, sizeof(answers.uuid));
	memcpy(answers.boot, note->peer_boot, sizeof(answers.boot));
	memcpy(answers.host_proof, note->own_proof, sizeof(answers.host_proof));
}

/* What @result says was said. */
static void judge(struct mig_ask *ask, enum mig_ask_result result, uint64_t now_ns)
{
	check(ask->type != MIG_VERDICT || result == MIG_ASK_AGAIN || result == MIG_ASK_VERDICT);
	switch (result) {
	case MIG_ASK_RUNNING:
		check(answers.running);
		break;
	case MIG_ASK_LOST:
		check(answers.running_rebooted);
		break;
	case MIG_ASK_REFUSED:
		check(answers.refused);
		break;
	case MIG_ASK_PREPARED:
		check(answers.prepared && mig_stream_open(&ask->stream));
		break;
	case MIG_ASK_NONE:
		check(answers.none);
		break;
	case MIG_ASK_REBOOTED:
		check(answers.rebooted);
		break;
	case MIG_ASK_VERDICT:
		check(ask->type == MIG_VERDICT);
		break;
	case MIG_ASK_AGAIN:
		check(mig_ask_deadline(ask) <= now_ns + MIG_RETRY_LAST_NS);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum mig_type asked[] = { MIG_QUERY, MIG_ABORT, MIG_DONE, MIG_VERDICT };
	struct input in = { data, size };
	struct mig_commit commit = { .digest = 7 };
	struct mig_note note;
	struct mig_ask ask;
	uint8_t how = input_u8(&in);

	memset(&answers, 0, sizeof(answers));
	answers.pair = &pair;
	answers.in = &in;
	answers.capabilities = input_u16(&in);
	answers_now = &answers;
	pair_init_by(&pair, 2u << 20, prepare);
	begin(&note, how);
	mig_ask_init(&ask, &pair.host[0].service->core, &note, pipe_now_ns);
	ask.type = asked[how & 3];
	for (unsigned n = 0, after = 0; n < TURNS && after < 10; n++) {
		enum mig_ask_result result = mig_ask_step(&ask, pipe_now_ns);
		uint64_t when = mig_ask_deadline(&ask);

		judge(&ask, result, pipe_now_ns);
		if (result == MIG_ASK_PREPARED)
			check(mig_stream_put(&ask.stream, MIG_COMMIT, &commit) == ERR_OK);
		else if (result == MIG_ASK_RUNNING || result == MIG_ASK_REFUSED)
			mig_ask_again(&ask, asked[n & 3], pipe_now_ns);
		/* Time passes only when nothing else happens. */
		if (!answers_step(&answers) && result == MIG_ASK_AGAIN)
			pipe_now_ns = when > pipe_now_ns ? when : pipe_now_ns + 10000;
		after += !in.left;
	}
	check(answers.links > 1 || !size);
	mig_ask_fini(&ask);
	check(!mig_stream_open(&ask.stream));
	pair_fini(&pair);
	answers_fini(&answers);
	return 0;
}
