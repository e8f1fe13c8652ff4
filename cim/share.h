/* SPDX-License-Identifier: MIT */
/* share.h: who gives way when all places for connections are taken, so that one address can't keep the others out. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct share_place {
	uint32_t address;	/* of the other side, 0 unknown */
	uint64_t since_ns;	/* nothing has come from it since then */
	bool may_go;		/* it waits for its other side; false: it is being served */
};

/* Places that @address holds. */
static inline unsigned share_held(const struct share_place *place, unsigned count, uint32_t address)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += place[i].address == address;
	return n;
}

/* The place that a newcomer from @address takes when all @count are used: of the address that holds the most, and two
 * more than the newcomer's does, the one that has been silent longest. -1: nobody gives way. */
static inline int share_victim(const struct share_place *place, unsigned count, uint32_t address)
{
	unsigned most = share_held(place, count, address) + 2;
	int victim = -1;

	for (unsigned i = 0; i < count; i++) {
		unsigned n = share_held(place, count, place[i].address);

		if (!place[i].may_go || n < most)
			continue;
		if (victim < 0 || n > most || place[i].since_ns < place[victim].since_ns)
			victim = (int)i;
		most = n;
	}
	return victim;
}
