/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/tsc_decide.h"
#include <string.h>

#define ASSUMED_HZ	4000000000ull
#define MILLION		1000000u

_Static_assert(sizeof(((struct tsc_verdict *)0)->agrees) == TSC_SOURCES_MAX * sizeof(bool), "one for each source");

static bool meet(const struct tsc_range *a, const struct tsc_range *b)
{
	uint64_t slack_a = a->high_hz / MILLION * TSC_AGREE_PPM, slack_b = b->high_hz / MILLION * TSC_AGREE_PPM;

	return a->high_hz && b->high_hz && a->low_hz <= b->high_hz + slack_b && b->low_hz <= a->high_hz + slack_a;
}

/* One that was measured outweighs all claims together; a claim of more counts more. */
static unsigned weight(enum tsc_kind kind)
{
	static const unsigned of[] = { [TSC_ROUGH] = 1, [TSC_CLAIM] = TSC_SOURCES_MAX,
				       [TSC_MEASURED] = TSC_SOURCES_MAX * TSC_SOURCES_MAX };

	return of[kind];
}

/* The better of two sources of one group: a claim to the kHz, then the narrowest. */
static bool better(const struct tsc_source *a, const struct tsc_source *b)
{
	if ((a->kind == TSC_CLAIM) != (b->kind == TSC_CLAIM))
		return a->kind == TSC_CLAIM;
	return a->range.high_hz - a->range.low_hz < b->range.high_hz - b->range.low_hz;
}

static unsigned group_weight(const struct tsc_source *source, unsigned count, unsigned of)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < count; i++)
		if (meet(&source[i].range, &source[of].range))
			sum += weight(source[i].kind);
	return sum;
}

/* Whether a source of some weight says something else. */
static bool contradicted(const struct tsc_source *source, unsigned count, const struct tsc_verdict *v)
{
	for (unsigned i = 0; i < count; i++)
		if (source[i].range.high_hz && !v->agrees[i] && source[i].kind != TSC_ROUGH)
			return true;
	return false;
}

void tsc_decide(const struct tsc_source *source, unsigned count, struct tsc_verdict *v)
{
	const struct tsc_source *best = NULL;
	unsigned centre = 0, most = 0;

	*v = (struct tsc_verdict){ .hz = ASSUMED_HZ, .ppm = MILLION };
	for (unsigned i = 0; i < count; i++) {
		unsigned w = source[i].range.high_hz ? group_weight(source, count, i) : 0;

		if (w > most || (w && w == most && better(&source[i], &source[centre]))) {
			centre = i;
			most = w;
		}
	}
	for (unsigned i = 0; i < count && most; i++) {
		if (!meet(&source[i].range, &source[centre].range))
			continue;
		v->agrees[i] = true;
		v->agree++;
		v->measured |= source[i].kind == TSC_MEASURED;
		if (!best || better(&source[i], best))
			best = &source[i];
	}
	if (!best)
		return;
	v->hz = tsc_range_middle(&best->range);
	v->ppm = tsc_range_ppm(&best->range);
	v->trusted = v->ppm <= TSC_SURE_PPM &&
		     (v->agree > 1 || (v->measured && !contradicted(source, count, v)));
}
