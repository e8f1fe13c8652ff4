/* SPDX-License-Identifier: MIT */
/* pit.h: the 8254 interval timer and port 0x61's view of its channel 2 (8254 datasheet). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define PIT_HZ 1193182ull

/* One record per channel. */
#define PIT_TABLE(F, A) \
	F(1,  1, uint64_t, start_ns, UINT64_MAX, "guest time at which the count was loaded") \
	F(2,  1, uint64_t, held_ns, UINT64_MAX, "counted time when the gate went low") \
	F(3,  1, uint64_t, expired, UINT64_MAX, "expiries since start that raised IRQ 0") \
	F(4,  1, uint16_t, count, 0xFFFF, "programmed count; 0 is the largest") \
	F(5,  1, uint16_t, latch, 0xFFFF, "count taken by a latch command") \
	F(6,  1, uint8_t, mode, 5, "counter mode") \
	F(7,  1, uint8_t, access, 3, "1 LSB, 2 MSB, 3 LSB then MSB") \
	F(8,  1, uint8_t, bcd, 1, "counts in BCD") \
	F(9,  1, uint8_t, loaded, 1, "a count was written since the control word") \
	F(10, 1, uint8_t, running, 1, "counting has begun") \
	F(11, 1, uint8_t, gate, 1, "gate input") \
	F(12, 1, uint8_t, write_msb, 1, "the next write is the MSB") \
	F(13, 1, uint8_t, write_lsb, 0xFF, "LSB waiting for its MSB") \
	F(14, 1, uint8_t, read_msb, 1, "the next read is the MSB") \
	F(15, 1, uint8_t, latched, 3, "bit 0 a count, bit 1 a status is latched") \
	F(16, 1, uint8_t, status, 0xFF, "latched status") \
	F(17, 1, uint8_t, speaker, 1, "port 0x61 speaker data; used in channel 2")
STATE_STRUCT(pit_state, PIT_TABLE)

struct pit { struct pit_state s[3]; };

extern const struct device pit_device;
