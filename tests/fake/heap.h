/* SPDX-License-Identifier: MIT */
/* heap.h: how much of the host's heap is given out, by the sanitizers' own count: GCC ships no header for it. */
#pragma once
#include <stddef.h>

size_t __sanitizer_get_current_allocated_bytes(void);
