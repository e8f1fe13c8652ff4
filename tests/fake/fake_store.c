/* SPDX-License-Identifier: MIT */
/* fake_store.c: the store seam over an array. */
#include "fake_store.h"
#include <string.h>
#include "migration/records.h"

static int find(const struct fake_store *s, const uint8_t *key)
{
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		if (s->entry[i].used && !memcmp(s->entry[i].key, key, MIG_STORE_KEY))
			return i;
	return -1;
}

static void around(struct fake_store *s, bool after)
{
	s->operations += !after;
	if (s->around)
		s->around(s->arg, after);
}

static enum err write(struct fake_store *s, const uint8_t *key, const void *bytes, size_t length)
{
	int at = find(s, key);

	if (s->broken)
		return ERR_IO;
	if (s->limited && !s->left)
		return ERR_SPACE;
	for (int i = 0; at < 0 && i < MIG_STORE_ENTRIES && !s->full; i++)
		if (!s->entry[i].used)
			at = i;
	if (at < 0 || length > MIG_STORE_BYTES)
		return ERR_SPACE;
	s->left -= s->limited;
	s->entry[at].used = true;
	s->entry[at].length = length;
	memcpy(s->entry[at].key, key, MIG_STORE_KEY);
	memcpy(s->entry[at].bytes, bytes, length);
	return ERR_OK;
}

static enum err put(void *ctx, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length)
{
	struct fake_store *s = ctx;
	enum err e = ERR_OK;

	if (s->frozen)
		return ERR_OK;
	around(s, false);
	s->puts++;
	if (!s->frozen)
		e = write(s, key, bytes, length);
	if (!s->frozen)
		around(s, true);
	return e;
}

static bool room(void *ctx, unsigned puts)
{
	struct fake_store *s = ctx;

	return !s->limited || s->silent || s->left >= puts;
}

static void drop(void *ctx, const uint8_t key[MIG_STORE_KEY])
{
	struct fake_store *s = ctx;
	int at = find(s, key);

	if (s->frozen || at < 0)
		return;
	around(s, false);
	if (s->frozen)
		return;
	memcpy(&s->dropped, &s->entry[at], sizeof(s->dropped));
	s->entry[at].used = false;
	around(s, true);
}

static void each(void *ctx, void (*call)(void *arg, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length), void *arg)
{
	struct fake_store *s = ctx;

	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		if (s->entry[i].used)
			call(arg, s->entry[i].key, s->entry[i].bytes, s->entry[i].length);
}

struct mig_store fake_store_seam(struct fake_store *s, bool proven)
{
	return (struct mig_store){ .ctx = s, .proven = proven, .put = put, .room = room, .drop = drop, .each = each };
}

void fake_store_restart(struct fake_store *s, enum fake_store_fate fate)
{
	s->frozen = false;
	if (fate == FAKE_STORE_FORGETS)
		memset(s->entry, 0, sizeof(s->entry));
	if (fate == FAKE_STORE_LOSES_DROP && s->dropped.used && find(s, s->dropped.key) < 0)
		for (int i = 0; i < MIG_STORE_ENTRIES; i++) {
			if (s->entry[i].used)
				continue;
			memcpy(&s->entry[i], &s->dropped, sizeof(s->dropped));
			break;
		}
	s->dropped.used = false;
}

unsigned fake_store_entries(const struct fake_store *s)
{
	unsigned n = 0;

	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		n += s->entry[i].used && s->entry[i].bytes[12] != MIG_RECORD_CAME;
	return n;
}
