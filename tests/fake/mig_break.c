/* SPDX-License-Identifier: MIT */
/* mig_break.c: broken moves. */
#include "mig_break.h"
#include <string.h>
#include "lib/bytes.h"
#include "migration/protocol.h"

static struct pair *broken;
static uint16_t lost;
static int lost_from;

/* Unchopped, whole records come here. */
static void lose(uint8_t *bytes, size_t n)
{
	while (n >= MIG_HEADER && le16_get(bytes) != lost) {
		size_t length = MIG_HEADER + le32_get(bytes + 4);

		if (length >= n)
			return;
		bytes += length;
		n -= length;
	}
	for (unsigned c = 0; c < broken->pipes + 1 && c < PAIR_PIPES; c++)
		if (broken->pipe[c])
			pipe_cut(broken->pipe[c], false);
}

static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	(void)number;
	pipe_tamper(pipe, lost_from, lose);
}

uint32_t break_at_record(struct pair *p, int from, uint16_t type)
{
	unsigned first = p->pipes;
	uint32_t job;

	broken = p;
	lost = type;
	lost_from = from;
	p->on_connect = on_connect;
	job = pair_migrate(p, 0, MIG_VERIFY_OFF);
	while (p->pipes == first || !pipe_is_cut(p->pipe[first]))
		pair_step(p);
	p->on_connect = NULL;
	p->unplugged = true;
	pair_run(p, 2000000000ull);
	return job;
}

void break_heal(struct pair *p, uint64_t ns)
{
	p->unplugged = false;
	pair_run(p, ns);
}

const struct mig_job *break_job(const struct pair *p, int number)
{
	return mig_job_get(p->host[number].service, mig_job_count(p->host[number].service) - 1);
}

bool break_held(const struct pair *p, int number, struct why *why)
{
	uint8_t uuid[16];

	memset(uuid, 0x77, sizeof(uuid));
	return mig_service_vm_held(p->host[number].service, uuid, why);
}
