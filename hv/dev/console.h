/* SPDX-License-Identifier: MIT */
/* console.h: what the guest's UART has sent: the last 64 KiB, addressed by absolute byte offset. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define CONSOLE_BYTES 65536u

#define CONSOLE_HISTORY 16384u		/* of them, that travel with the guest */

#define CONSOLE_TABLE(F, A) \
	F(1, 1, uint64_t, offset, 0x7FFFFFFFFFFFFFFFull, "bytes sent since the VM was started") \
	F(2 | STATE_OPTIONAL, 1, uint32_t, history_bytes, CONSOLE_HISTORY, \
	  "valid in history, the last that were sent") \
	A(3 | STATE_OPTIONAL, 1, uint8_t, history, CONSOLE_HISTORY, UINT8_MAX, \
	  "byte n of all that was sent is at n modulo 16384")
STATE_STRUCT(console_state, CONSOLE_TABLE)

struct console {
	struct console_state s;
	uint64_t first;			/* absolute offset of the oldest byte that is here */
	uint8_t ring[CONSOLE_BYTES];
};

extern const struct device console_device;

void console_put(struct machine *m, uint8_t byte);
/* Copies up to @room bytes from *offset on and advances it; a reader that fell behind (or is ahead) is
 * first moved to the nearest byte that is here. Returns the bytes copied. */
size_t console_read(const struct machine *m, uint64_t *offset, void *out, size_t room);
