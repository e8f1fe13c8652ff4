/* SPDX-License-Identifier: MIT */
/* random.h: unpredictable numbers: RDRAND where there is one, mixed with the TSC. */
#pragma once
#include <stddef.h>
#include <stdint.h>

uint64_t random_u64(void);
void random_bytes(void *out, size_t n);
