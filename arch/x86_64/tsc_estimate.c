/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/tsc_estimate.h"

#define PAIRS_EACH	16u		/* of the earliest readings, with as many of the latest */
#define PAIRS		(PAIRS_EACH * PAIRS_EACH)
#define SAMPLES_MIN	12u
#define NS_PER_SECOND	1000000000ull

_Static_assert(PAIRS >= TSC_SAMPLES, "one table of ranges serves both looks");

static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)((unsigned __int128)a * b / c);
}

uint64_t tsc_range_middle(const struct tsc_range *r)
{
	return r->low_hz + (r->high_hz - r->low_hz) / 2;
}

uint32_t tsc_range_ppm(const struct tsc_range *r)
{
	uint64_t middle = tsc_range_middle(r), half = (r->high_hz - r->low_hz + 1) / 2;

	if (!middle || half >= middle)
		return 1000000;
	return (uint32_t)mul_div(half, 1000000, middle) + 1;
}

void tsc_series_start(struct tsc_series *s, const struct tsc_counter *counter, uint64_t base_ns)
{
	*s = (struct tsc_series){ .counter = *counter, .slot = UINT64_MAX };
	s->slot_ticks = mul_div(base_ns, counter->hz, NS_PER_SECOND * TSC_SLOTS) + 1;
}

static uint64_t bracket(const struct tsc_sample *s)
{
	return s->after - s->before;
}

static bool near(const struct tsc_series *s, uint32_t from, uint32_t count)
{
	return ((count - from) & s->counter.mask) <= 2 * s->slot_ticks ||
	       ((from - count) & s->counter.mask) <= s->counter.grain;
}

/* Notes @count as the newest; false if it is set aside. After a far step the next reading tells a pause, which leads to
 * the next slot wherever that is, from a wild value. */
static bool follow(struct tsc_series *s, uint32_t count)
{
	uint32_t step = (count - s->last) & s->counter.mask;

	if (!s->reads++) {
		s->last = count;
		return true;
	}
	if (!near(s, s->last, count)) {
		bool paused = s->far && near(s, s->far_count, count);

		s->far = !paused;
		s->far_count = count;
		if (!paused) {
			s->unchanged++;
			return false;
		}
		step = (uint32_t)s->slot_ticks;
	} else if (((s->last - count) & s->counter.mask) <= s->counter.grain) {
		s->unchanged++;
		return true;
	}
	s->unchanged = 0;
	s->elapsed += step;
	s->last = count;
	return true;
}

void tsc_series_add(struct tsc_series *s, const struct tsc_sample *sample)
{
	uint64_t slot;

	if (s->state != TSC_SERIES_RUNS)
		return;
	if (!follow(s, sample->count) || s->unchanged >= TSC_DEAD_READS) {
		if (s->unchanged >= TSC_DEAD_READS)
			s->state = TSC_SERIES_DEAD;
		return;
	}
	slot = s->elapsed / s->slot_ticks;
	if (slot >= TSC_SLOTS)
		s->state = TSC_SERIES_DONE;
	else if (slot != s->slot)
		s->sample[s->samples++] = *sample;
	else if (bracket(sample) < bracket(&s->sample[s->samples - 1]))
		s->sample[s->samples - 1] = *sample;
	s->slot = slot;
}

void tsc_series_late(struct tsc_series *s, const struct tsc_sample *sample)
{
	if (s->state == TSC_SERIES_DONE && s->samples < TSC_SAMPLES)
		s->sample[s->samples++] = *sample;
}

/* The counter went on by @ticks from @a to @b, give or take its grain. */
static struct tsc_range range_of(const struct tsc_counter *c, const struct tsc_sample *a, const struct tsc_sample *b,
				 uint64_t ticks)
{
	uint64_t least = b->before > a->after ? b->before - a->after : 0, most = b->after - a->before;

	if (ticks <= 8ull * c->grain || b->after <= a->before)
		return (struct tsc_range){ 0, 0 };
	return (struct tsc_range){ mul_div(least, c->hz, ticks + c->grain),
				   mul_div(most, c->hz, ticks - c->grain) + 1 };
}

static bool holds(const struct tsc_range *r, uint64_t hz)
{
	return r->high_hz && r->low_hz <= hz && hz <= r->high_hz;
}

unsigned tsc_agree(const struct tsc_range *range, unsigned count, struct tsc_range *out)
{
	unsigned best = 0;

	*out = (struct tsc_range){ 0, 0 };
	/* Where most agree begins at some range's low end. */
	for (unsigned i = 0; i < count; i++) {
		uint64_t low = range[i].low_hz, high = range[i].high_hz;
		unsigned n = 0;

		for (unsigned k = 0; k < count && range[i].high_hz; k++) {
			if (!holds(&range[k], low))
				continue;
			n++;
			high = range[k].high_hz < high ? range[k].high_hz : high;
		}
		if (n > best) {
			best = n;
			*out = (struct tsc_range){ low, high };
		}
	}
	return best;
}

static bool most(unsigned agree, unsigned of)
{
	return agree * 4 >= of * 3;
}

/* From each reading to the next: not exact, but only where a pause fell between the two may the counter have wrapped
 * unseen. */
static enum err coarse(const struct tsc_series *s, struct tsc_range *out)
{
	static struct tsc_range range[TSC_SAMPLES];
	unsigned n = 0;

	for (unsigned i = 1; i < s->samples; i++) {
		uint32_t ticks = (s->sample[i].count - s->sample[i - 1].count) & s->counter.mask;
		struct tsc_range r = range_of(&s->counter, &s->sample[i - 1], &s->sample[i], ticks);

		if (r.high_hz)
			range[n++] = r;
	}
	if (n < SAMPLES_MIN - 1)
		return ERR_SHORT;
	return most(tsc_agree(range, n, out), n) ? ERR_OK : ERR_STATE;
}

/* How far the counter went from @a to @b, whole wraps counted by the TSC and @rough; false: it can't be told. */
static bool unwrap(const struct tsc_series *s, const struct tsc_range *rough, const struct tsc_sample *a,
		   const struct tsc_sample *b, uint64_t *ticks)
{
	uint64_t wrap = (uint64_t)s->counter.mask + 1, seen = (b->count - a->count) & s->counter.mask;
	uint64_t least = mul_div(b->before > a->after ? b->before - a->after : 0, s->counter.hz, rough->high_hz + 1);
	uint64_t most_ticks = mul_div(b->after - a->before, s->counter.hz, rough->low_hz ? rough->low_hz : 1);
	uint64_t middle = least + (most_ticks - least) / 2, wraps;

	if (most_ticks - least >= wrap / 2)
		return false;
	wraps = middle + wrap / 2 > seen ? (middle + wrap / 2 - seen) / wrap : 0;
	*ticks = seen + wraps * wrap;
	return true;
}

enum err tsc_estimate(const struct tsc_series *s, struct tsc_range *out)
{
	static struct tsc_range range[PAIRS];
	unsigned each = s->samples / 3 < PAIRS_EACH ? s->samples / 3 : PAIRS_EACH, n = 0;
	struct tsc_range rough;
	enum err e;

	*out = (struct tsc_range){ 0, 0 };
	if (s->state == TSC_SERIES_DEAD || s->samples < SAMPLES_MIN)
		return ERR_SHORT;
	e = coarse(s, &rough);
	if (e != ERR_OK)
		return e;
	for (unsigned i = 0; i < each; i++)
		for (unsigned k = s->samples - each; k < s->samples; k++, n++) {
			uint64_t ticks;

			if (unwrap(s, &rough, &s->sample[i], &s->sample[k], &ticks))
				range[n] = range_of(&s->counter, &s->sample[i], &s->sample[k], ticks);
			else
				range[n] = (struct tsc_range){ 0, 0 };
		}
	if (most(tsc_agree(range, n, out), n))
		return ERR_OK;
	*out = (struct tsc_range){ 0, 0 };
	return ERR_STATE;
}
