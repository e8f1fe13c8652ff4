/* SPDX-License-Identifier: MIT */
/* console.h: guests' serial consoles over a byte channel: the client sends a VM's name and a newline, then both
 * directions are the raw bytes of the serial line. The last 64 KiB of output are replayed first. */
#pragma once
#include <stdbool.h>
#include "lib/channel.h"

/* Takes ownership of @ch; at most CONSOLE_SESSIONS at once. A further one takes the place of a session whose address
 * holds many more, or into which nothing was typed for ten minutes; else it gets a sentence and is closed. */
#define CONSOLE_SESSIONS 8
void console_accept(struct channel *ch);
/* Moves bytes as far as they go; true if something progressed. Never blocks. */
bool console_step(uint64_t now_ns);
