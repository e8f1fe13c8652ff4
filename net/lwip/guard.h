/* SPDX-License-Identifier: MIT */
/* guard.h: what an assertion of lwIP ends: the connection that it works for, if that is known, or else the host
 * (docs/adr/004-assertions-of-lwip.md). */
#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

struct guard_tuple { uint32_t local_ip, remote_ip; uint16_t local_port, remote_port; };	/* as lwIP has them */

/* The one place that an assertion may return to. */
extern jmp_buf guard_return;

/* Runs @work, which may end in the middle: then the connection of the last guard_for is taken out of lwIP's lists, its
 * owner told as if it had been reset, its peer sent a reset, and what memory it held is lost. Calls don't nest: within
 * another @work, an assertion ends the outer one. */
#define guard_run(work) do {				\
	if (guard_enter()) {				\
		work;					\
	} else if (!setjmp(guard_return)) {		\
		work;					\
		guard_leave();				\
	} else {					\
		guard_contain();			\
	}						\
} while (0)

/* True if inside already. */
bool guard_enter(void);
void guard_leave(void);
void guard_contain(void);
/* What lwIP does from here on is for this connection. */
void guard_for(const struct guard_tuple *tuple);
/* Assertions that ended a connection. */
uint64_t guard_contained(void);
