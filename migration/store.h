/* SPDX-License-Identifier: MIT */
/* store.h: the seam to memory that outlives the boot, where the records of hand-offs are kept (docs/design.md, section
 * 7). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/err.h"

#define MIG_STORE_KEY	16
#define MIG_STORE_BYTES	256	/* the longest entry */
#define MIG_STORE_ENTRIES 64	/* that a store must be able to hold */

struct mig_store {
	void *ctx;			/* first argument of all functions below */
	/* An entry that an earlier boot wrote was found at this boot, so what is put here is known to be kept. False
	 * where that was never seen: entries are written all the same, and may be gone after a restart. */
	bool proven;
	uint64_t put_ns;		/* what a put took at boot, 0 unknown */
	/* Stores or replaces the entry of @key; it is safe when this returns ERR_OK. ERR_SPACE; ERR_IO. */
	enum err (*put)(void *ctx, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length) NODISCARD;
	/* May be NULL: not known. False: before its next start this host has no room for @puts more. */
	bool (*room)(void *ctx, unsigned puts);
	/* Removes the entry of @key; there need not be one. After a crash it may still be there, unless a put succeeded
	 * after the drop. */
	void (*drop)(void *ctx, const uint8_t key[MIG_STORE_KEY]);
	/* Hands every entry to @each, which must not call the store; one that can't be read with @length 0. */
	void (*each)(void *ctx,
		     void (*each)(void *arg, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length),
		     void *arg);
};
