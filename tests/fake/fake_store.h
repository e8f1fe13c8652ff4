/* SPDX-License-Identifier: MIT */
/* fake_store.h: memory that outlives a fake host's boot, with the faults that real one has. */
#pragma once
#include <stdbool.h>
#include "migration/store.h"

struct fake_store {
	struct { bool used; uint8_t key[MIG_STORE_KEY], bytes[MIG_STORE_BYTES]; size_t length; } entry[MIG_STORE_ENTRIES], dropped;
	bool frozen;			/* its host is dead: nothing changes any more */
	bool full;			/* takes no new entries */
	bool broken;			/* every put fails */
	bool limited;			/* it takes left more puts, also of what exists */
	unsigned left;
	bool silent;			/* and it does not say so before */
	unsigned operations, puts;	/* so far */
	/* Called around each operation, before and after it takes effect. */
	void (*around)(void *arg, bool after);
	void *arg;
};

enum fake_store_fate {
	FAKE_STORE_KEEPS,
	FAKE_STORE_FORGETS,		/* a restart finds it empty */
	FAKE_STORE_LOSES_DROP,		/* the last drop comes undone */
};

/* The seam to @s; @proven as it will be at the next boot. */
struct mig_store fake_store_seam(struct fake_store *s, bool proven);
/* What a restart finds. */
void fake_store_restart(struct fake_store *s, enum fake_store_fate fate);
/* But for what says only how a machine came (CAME), which nothing is left to settle by. */
unsigned fake_store_entries(const struct fake_store *s);
