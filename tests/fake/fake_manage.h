/* SPDX-License-Identifier: MIT */
/* fake_manage.h: host/manage.h without a hypervisor: a scriptable host whose migrations follow a fake clock. */
#pragma once
#include "host/manage.h"

#define FAKE_IPV4(n)	(0x0a4d0000u + (n))	/* 10.77.0.n */

#define FAKE_VMS	8
#define FAKE_JOBS	32
#define FAKE_CHECKS	4

/* Milestones of a migration, in fake time since it was submitted. */
#define FAKE_OFFER_NS	20000000ull
#define FAKE_ROUNDS_NS	40000000ull
#define FAKE_ROUND_NS	100000000ull
#define FAKE_ROUNDS	3u
#define FAKE_STOP_NS	(FAKE_ROUNDS_NS + FAKE_ROUNDS * FAKE_ROUND_NS)
#define FAKE_COMMIT_NS	(FAKE_STOP_NS + 20000000ull)
#define FAKE_DONE_NS	(FAKE_COMMIT_NS + 10000000ull)
#define FAKE_CHECK_NS	20000000ull	/* until a check is answered */

struct fake_peer { char name[64]; uint32_t ipv4; char uuid[37]; bool reachable; bool accepts; bool vanishes; };

struct fake_manage {
	struct manage_host host;
	struct why_list limits;		/* of the host */
	struct manage_net net;
	unsigned vms;
	struct manage_vm vm[FAKE_VMS];
	unsigned peers;
	struct fake_peer peer[4];
	unsigned jobs;
	struct mig_job job[FAKE_JOBS];
	unsigned records;
	struct mig_leftover record[4];
	struct { bool used; struct mig_move move; uint64_t start_ns; } check[FAKE_CHECKS];
	uint64_t now_ns, wall_seconds;
	struct mig_move last;	/* what the last check or migration asked for */
	unsigned drops;			/* calls of manage_check_drop */
	enum err refuse;		/* of a start of a check, migration or VM; ERR_OK: as the VM's state says */
	unsigned asks;			/* so often starting a VM answers ERR_AGAIN first */
	bool silent;			/* refusing peers give no reasons */
};

extern struct fake_manage fake;

/* Host lab-a at 10.77.0.2; web1 running, db1 stopped; peers lab-b 10.77.0.3 (accepts), lab-c 10.77.0.4 (refuses for two
 * reasons), lab-d 10.77.0.5 (accepts, and is never heard of again after COMMIT). Every other address is unreachable.
 * Records: 7 of old1, which came from lab-c and is never asked for; 8 of gone1, which a job sees to. */
void fake_manage_reset(void);
/* Lets time pass: checks and jobs move on. */
void fake_manage_advance(uint64_t ns);
