/* SPDX-License-Identifier: MIT */
/* spin.h: a lock between CPUs for a few instructions of shared data; host code runs with interrupts off. */
#pragma once
#include <stdbool.h>

struct spin { bool held; };

static inline bool spin_try(struct spin *s)
{
	return !__atomic_exchange_n(&s->held, true, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spin *s)
{
	while (!spin_try(s))
		__builtin_ia32_pause();
}

static inline void spin_unlock(struct spin *s)
{
	__atomic_store_n(&s->held, false, __ATOMIC_RELEASE);
}
