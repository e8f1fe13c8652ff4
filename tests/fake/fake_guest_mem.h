/* SPDX-License-Identifier: MIT */
/* fake_guest_mem.h: a VM that is nothing but flat memory. */
#pragma once
#include <stdint.h>

struct vm {
	uint8_t *memory;
	uint64_t bytes;
	unsigned writes_left;	/* after so many writes memory is out; 0 for no such limit */
	unsigned writes;
};
