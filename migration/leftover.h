/* SPDX-License-Identifier: MIT */
/* leftover.h: a record of a hand-off, as people may see it (docs/wire/records.md). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct mig_leftover {
	uint64_t id;			/* for mig_service_record_drop; stays as long as the record doesn't change */
	const char *state;		/* "PREPARED" and so on; "LOST": OWNED in an earlier boot; "UNREADABLE" */
	bool source;			/* this host is the source of the attempt */
	bool open;			/* a job of this boot sees to it */
	bool holds;			/* its machine is not started afresh here, for it */
	char vm[32];			/* "" not known */
	uint8_t vm_uuid[16];		/* zero: not known */
	char peer_name[64];
	uint32_t peer_ipv4;		/* host byte order, 0 not known */
	uint64_t when_s;		/* seconds since 1970 UTC, 0 not known */
};
