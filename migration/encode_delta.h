/* SPDX-License-Identifier: MIT */
/* encode_delta.h: a page as the difference to what the other side has of it (wire spec, section 4). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/addr.h"

#define MIG_DELTA_MIN 4u	/* bytes of a delta without runs */

/* Writes what makes @new of @old, both PAGE_SIZE bytes: 4 to @room bytes; 0 if it would be longer. */
size_t mig_delta_encode(const uint8_t *old, const uint8_t *new, uint8_t *out, size_t room);
/* True if @data is well formed: whole runs that stay within a page. */
bool mig_delta_valid(const uint8_t *data, size_t length);
/* True if @data, valid, was made against @old. */
bool mig_delta_fits(const uint8_t *old, const uint8_t *data);
/* Turns @page into the newer version; @data must be valid. */
void mig_delta_apply(uint8_t *page, const uint8_t *data, size_t length);
