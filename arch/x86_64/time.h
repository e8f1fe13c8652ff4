/* SPDX-License-Identifier: MIT */
/* time.h: the host's clock: the TSC calibrated against the PM timer or the 8254, never against CPUID 15h/16h. */
#pragma once
#include <stdint.h>

/* Calibrates; called once on the boot CPU. */
void time_init(void);
/* Nanoseconds since time_init; never goes back. */
uint64_t time_ns(void);
uint32_t time_tsc_khz(void);
uint64_t time_tsc(void);
uint64_t time_ns_to_tsc(uint64_t ns);
uint64_t time_tsc_to_ns(uint64_t tsc);
/* Busy-waits; for boot and for chip resets of some microseconds only. */
void time_delay_us(uint32_t us);
/* Sets the wall clock, from the firmware at boot. */
void time_set_wall(uint64_t seconds);
/* Seconds since 1970 UTC: what was set plus time_ns. */
uint64_t time_wall_seconds(void);
