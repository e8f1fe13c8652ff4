/* SPDX-License-Identifier: MIT */
/* entropy.h: a seed for lib/random.h from the processor. */
#pragma once
#include <stdint.h>

#define ENTROPY_WORDS 64	/* 4096 bits: RDRAND may hand out 128-bit numbers of one seed for a while */

/* Fills @out with RDSEED's words, else with RDRAND's. NULL: this processor has neither, or what it has gives no numbers
 * (some always fail, or answer all ones after a sleep); else the name of the instruction. */
const char *entropy_cpu(uint64_t out[ENTROPY_WORDS]);
