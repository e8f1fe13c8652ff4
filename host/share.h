/* SPDX-License-Identifier: MIT */
/* share.h: how services and guests share the boot CPU, turn by turn. Pure: the time is an argument.
 * Services work in pieces that are short by themselves, and begin another one only while the turn's budget lasts.
 * Guests that want the CPU are owed what services took, and as much again of what management (CIM, consoles) took: a
 * host that is asked without end leaves guests two thirds, so that with what the network's interrupts cost one has more
 * than half of what it has without. What a turn's slices don't repay is owed on.
 * While a guest stands for its hand-off the budget is longer, slices are shorter, and the others are owed half: they
 * don't keep it waiting, but who makes a guest stand for ever, or lets it seem so, doesn't stop them either. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SHARE_SERVICES_NS	1000000ull	/* a turn of the services, while they have something to do */
#define SHARE_STANDS_NS		4000000ull	/* the same while a guest stands for its hand-off */
#define SHARE_SLICES_NS		1000000ull	/* all guests together have at least that in a turn, if they want it */
#define SHARE_SLICES_MAX_NS	20000000ull	/* and no more than that: services wait so long */
#define SHARE_SLICE_NS		250000ull	/* one guest has at least that; while a guest stands all together */
#define SHARE_OWED_MAX_NS	100000000ull	/* what took longer than that is forgotten */

struct share {				/* zero before the first turn */
	uint64_t start_ns;		/* of the turn */
	uint64_t owed_ns;		/* to guests, of this turn and earlier ones */
};

/* The services' part of a turn begins. */
void share_begin(struct share *s, uint64_t now_ns);
/* Management took @took_ns of this turn. */
void share_managed(struct share *s, uint64_t took_ns);
/* True if services that have more to do may begin another piece before guests have their turn. */
bool share_services_again(const struct share *s, uint64_t now_ns, bool stands);
/* The services' part ends, @waiting guests want the CPU (not 0). For how long each of them may run. */
uint64_t share_slice(struct share *s, uint64_t now_ns, unsigned waiting, bool stands);
/* The guests' part ends, they took @took_ns; @busy: one of them would have gone on. If none would, nothing is owed
 * any more. */
void share_ran(struct share *s, uint64_t took_ns, bool busy);
