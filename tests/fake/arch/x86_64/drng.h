/* SPDX-License-Identifier: MIT */
/* drng.h: what the test says that the processor's generator does. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool drng_has_rdrand(void);
bool drng_has_rdseed(void);
bool drng_rdrand(uint64_t *v);
bool drng_rdseed(uint64_t *v);
