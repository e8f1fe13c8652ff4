/* SPDX-License-Identifier: MIT */
/* timers.c: lwIP's periodic timers. Its own implementation takes a block of memory each time that one is due and
 * asserts that it gets it; a peer that uses all memory up would stop the host. These have no memory to get. */
#include <stdbool.h>
#include "lwip/sys.h"
#include "lwip/timeouts.h"
#include "lwip/priv/tcp_priv.h"

#define TIMERS_MAX	8
#define TCP_TIMER	0	/* the first in lwIP's table; runs only while there are connections */

static u32_t due_ms[TIMERS_MAX];
static bool tcp_runs;

void sys_timeouts_init(void)
{
	u32_t now = sys_now();

	LWIP_ASSERT("room for each of lwIP's timers", lwip_num_cyclic_timers <= TIMERS_MAX);
	for (int i = 0; i < lwip_num_cyclic_timers; i++)
		due_ms[i] = now + lwip_cyclic_timers[i].interval_ms;
	tcp_runs = false;
}

static bool is_active(int i)
{
	bool needed = tcp_active_pcbs || tcp_tw_pcbs;

	if (i != TCP_TIMER)
		return true;
	if (needed && !tcp_runs)
		due_ms[i] = sys_now() + lwip_cyclic_timers[i].interval_ms;
	tcp_runs = needed;
	return needed;
}

void sys_check_timeouts(void)
{
	u32_t now = sys_now();

	for (int i = 0; i < lwip_num_cyclic_timers; i++)
		while (is_active(i) && (s32_t)(now - due_ms[i]) >= 0) {
			u32_t every = lwip_cyclic_timers[i].interval_ms;

			/* Turns that were missed altogether are not made up for. */
			due_ms[i] = now - due_ms[i] < every ? due_ms[i] + every : now + every;
			lwip_cyclic_timers[i].handler();
		}
}

u32_t sys_timeouts_sleeptime(void)
{
	u32_t now = sys_now(), least = SYS_TIMEOUTS_SLEEPTIME_INFINITE;

	for (int i = 0; i < lwip_num_cyclic_timers; i++) {
		u32_t left;

		if (!is_active(i))
			continue;
		left = (s32_t)(due_ms[i] - now) > 0 ? due_ms[i] - now : 0;
		least = left < least ? left : least;
	}
	return least;
}
