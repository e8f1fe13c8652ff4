/* SPDX-License-Identifier: MIT */
/* ports.h: the odd ports of a PC: POST code, keyboard controller reset, fast reset. They hold no state. */
#pragma once
#include <stdint.h>

struct machine;

/* 0x64: only the reset pulse 0xFE; there is no keyboard controller to read. */
void ports_kbc_out(struct machine *m, uint16_t port, unsigned size, uint32_t value);
/* 0x92: A20 is always on, bit 0 resets. */
uint32_t ports_fast_in(struct machine *m, uint16_t port, unsigned size);
void ports_fast_out(struct machine *m, uint16_t port, unsigned size, uint32_t value);
/* 0x80: the last POST code is kept for a person. */
void ports_post_out(struct machine *m, uint16_t port, unsigned size, uint32_t value);
