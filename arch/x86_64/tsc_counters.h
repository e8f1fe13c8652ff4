/* SPDX-License-Identifier: MIT */
/* tsc_counters.h: the counters of the PC against which the TSC is measured: HPET, ACPI PM timer, 8254. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/tsc_decide.h"

#define TSC_COUNTERS 3u

/* Measures all that @rsdp's tables name or that answer, for 100 ms, or up to 1.6 s where readings are slow. One that is
 * absent or stands still is noticed within some thousand readings. Fills TSC_COUNTERS of @out. */
void tsc_counters_measure(uint64_t rsdp, struct tsc_source *out);
/* The same with a base line up to now; once. Afterwards the counters are as they were found. */
void tsc_counters_again(struct tsc_source *out);
