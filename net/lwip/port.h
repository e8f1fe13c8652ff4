/* SPDX-License-Identifier: MIT */
/* port.h: lwIP's clock and random numbers. */
#pragma once
#include <stdint.h>

/* Mixes @seed into the random numbers: the TSC at start, then the MAC and arrival times. */
void port_stir(uint64_t seed);
