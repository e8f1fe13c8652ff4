/* SPDX-License-Identifier: MIT */
/* fake_pages.h: what a test may look at and set in fake_pages.c. */
#pragma once

extern unsigned long fake_pages_out, fake_chunks_out;	/* given out and not freed */
extern long fake_pages_left;	/* allocations that still succeed; -1 (the default): all of them */
extern unsigned long fake_pages_fail;	/* the allocation with this number from now on fails; 0: none */
