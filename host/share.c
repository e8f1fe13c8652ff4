/* SPDX-License-Identifier: MIT */
#include "host/share.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t between(uint64_t least_ns, uint64_t ns, uint64_t most_ns)
{
	return ns < least_ns ? least_ns : least(ns, most_ns);
}

static void owe(struct share *s, uint64_t ns)
{
	s->owed_ns = least(s->owed_ns + least(ns, SHARE_OWED_MAX_NS), SHARE_OWED_MAX_NS);
}

void share_begin(struct share *s, uint64_t now_ns)
{
	s->start_ns = now_ns;
}

void share_managed(struct share *s, uint64_t took_ns)
{
	owe(s, took_ns);
}

bool share_services_again(const struct share *s, uint64_t now_ns, bool stands)
{
	return now_ns - s->start_ns < (stands ? SHARE_STANDS_NS : SHARE_SERVICES_NS);
}

uint64_t share_slice(struct share *s, uint64_t now_ns, unsigned waiting, bool stands)
{
	uint64_t took = now_ns - s->start_ns, all;

	owe(s, stands ? took / 2 : took);
	all = between(stands ? SHARE_SLICE_NS : SHARE_SLICES_NS, s->owed_ns, SHARE_SLICES_MAX_NS);
	if (!stands && all / waiting < SHARE_SLICE_NS)
		return SHARE_SLICE_NS;
	return all / waiting;
}

void share_ran(struct share *s, uint64_t took_ns, bool busy)
{
	s->owed_ns = busy && s->owed_ns > took_ns ? s->owed_ns - took_ns : 0;
}
