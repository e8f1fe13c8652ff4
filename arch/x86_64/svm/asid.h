/* SPDX-License-Identifier: MIT */
/* asid.h: address space identifiers, by which the TLB knows guests apart. They are few, so a vCPU holds one until all
 * have been given out; then all begin anew. On one CPU, which runs all guests. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct asid {
	uint64_t round;		/* 0: none yet */
	uint32_t number;	/* 0 is the host's */
};

/* Whose numbers are used up to @count - 1. True: @a got a new number. False: it still has its own. */
bool asid_use(struct asid *a, uint32_t count);
