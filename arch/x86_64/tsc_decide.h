/* SPDX-License-Identifier: MIT */
/* tsc_decide.h: which of several sources is right about the TSC's frequency, and how sure that is. No hardware here. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/tsc_estimate.h"

/* Two sources agree if their ranges, each widened by this, meet: crystals differ by some 100 ppm, and an outer host's
 * clock may be slewed. */
#define TSC_AGREE_PPM	500u
/* Guests need a frequency that is known this well. */
#define TSC_SURE_PPM	1000u

enum tsc_kind {
	TSC_ROUGH,	/* a claim that tells the order: a nominal frequency */
	TSC_CLAIM,	/* a claim to the kHz */
	TSC_MEASURED,
};

struct tsc_source {
	const char *name;	/* "ACPI PM timer" */
	enum tsc_kind kind;
	struct tsc_range range;	/* high 0: it has nothing to say */
};

struct tsc_verdict {
	/* never 0: without any source an assumption that makes waits too long rather than too short */
	uint64_t hz;
	uint32_t ppm;		/* how far it may be off, as far as its sources tell */
	bool agrees[8];		/* which sources agree with it, by their index */
	unsigned agree;		/* how many */
	bool trusted;		/* good enough for guests */
	bool measured;		/* at least one that agrees was measured */
};

#define TSC_SOURCES_MAX 8u

/* What is measured outweighs what is claimed, however often; a claim to the kHz that measuring confirms gives the
 * value. Not trusted: a claim that nothing confirms, a measurement that something contradicts and nothing confirms, and
 * what is off by more than TSC_SURE_PPM. @count at most TSC_SOURCES_MAX. */
void tsc_decide(const struct tsc_source *source, unsigned count, struct tsc_verdict *v);
