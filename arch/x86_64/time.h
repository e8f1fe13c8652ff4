/* SPDX-License-Identifier: MIT */
/* time.h: the host's clock: the TSC, whose frequency several sources must agree on (tsc_decide.h). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/why.h"

/* Measures and logs what each source says; called once on the boot CPU. Without any usable source the clock runs on an
 * assumption, and time_trusted says so. */
void time_init(uint64_t rsdp);
/* Measures again, over the time since time_init. Once, before the first guest starts: from then on the frequency
 * stays. */
void time_refine(void);
/* Whether the TSC's frequency is known well enough for guests; if not, the reason. */
bool time_trusted(struct why *why);
/* Nanoseconds since time_init; never goes back. */
uint64_t time_ns(void);
uint32_t time_tsc_khz(void);
/* By how many millionths that may be off, as far as its sources tell: their own clocks may be off by some 100 more. */
uint32_t time_tsc_ppm(void);
uint64_t time_tsc(void);
uint64_t time_ns_to_tsc(uint64_t ns);
uint64_t time_tsc_to_ns(uint64_t tsc);
/* Busy-waits; for boot and for chip resets of some microseconds only. */
void time_delay_us(uint32_t us);
/* Sets the wall clock, from the firmware at boot. */
void time_set_wall(uint64_t seconds);
/* Seconds since 1970 UTC: what was set plus time_ns. */
uint64_t time_wall_seconds(void);
