/* SPDX-License-Identifier: MIT */
/* record_entry.h: one record of the hand-off as the bytes that a store keeps (docs/wire/records.md). */
#pragma once
#include <stddef.h>
#include "lib/err.h"
#include "lib/why.h"
#include "records.h"

#define MIG_ENTRY_BYTES 256
#define MIG_ENTRY_BYTES_1 224	/* of version 1, which had no proofs */

void mig_entry_pack(const struct mig_note *note, uint8_t out[MIG_ENTRY_BYTES]);
/* ERR_SHORT, ERR_INVALID (not a record of Tern), ERR_CORRUPT, ERR_VERSION, ERR_UNKNOWN (state), each with a sentence.
 * With the last two @out has the machine's uuid, which every version keeps at its place; else it is cleared. */
enum err mig_entry_unpack(const void *bytes, size_t length, struct mig_note *out, struct why *why) NODISCARD;
