/* SPDX-License-Identifier: MIT */
#include "host/store.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "arch/x86_64/uefi_vars.h"
#include "host/store_entry.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/random.h"

#define BOOT_NAME	"Boot"
#define SECRET_NAME	"Secret"

struct boot_note { uint8_t boot_id[16]; uint64_t count; };

static struct { uint8_t key[MIG_STORE_KEY]; bool used; } known[MIG_STORE_ENTRIES];
static uint64_t room;		/* bytes the firmware can still take, at least as far as Tern fills it */
static enum store_state state;
static char text[STORE_TEXT];
static struct mig_store seam;
static uint8_t secret[STORE_SECRET];
static bool has_secret, overlooked;	/* overlooked: there are records that were not read */

/* Firmware cleans its store at its start at the earliest. */
static void spent(const char *why)
{
	if (state == STORE_FULL)
		return;
	fmt(text, sizeof(text), "%s, and no more until this host restarts, hand-offs go on by boot ids: %s",
	    state == STORE_KEPT ? "kept by the firmware" : "not proven to survive a restart", why);
	state = STORE_FULL;
}

static int find(const uint8_t *key)
{
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		if (known[i].used && !memcmp(known[i].key, key, MIG_STORE_KEY))
			return i;
	return -1;
}

static int place(void)
{
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		if (!known[i].used)
			return i;
	return -1;
}

/* There must be a place. */
static void know(const uint8_t *key)
{
	int at = place();

	memcpy(known[at].key, key, MIG_STORE_KEY);
	known[at].used = true;
}

/* A replaced variable's old place often stays lost until the firmware's next start, so every write counts. */
static enum err write_entry(const char *name, const void *bytes, size_t length, struct why *why)
{
	uint64_t cost = store_entry_cost(strlen(name), length);
	enum err e = store_entry_write(name, bytes, length, why);

	if (e == ERR_OK && room != UINT64_MAX)
		room -= room < cost ? room : cost;
	return e;
}

static bool has_room(void)
{
	if (room < STORE_RESERVE)
		room = uefi_vars_room();
	return room >= STORE_RESERVE;
}

static bool room_for(void *ctx, unsigned puts)
{
	const uint64_t cost = puts * store_entry_cost(STORE_ENTRY_NAME, MIG_STORE_BYTES);

	(void)ctx;
	if (room - STORE_RESERVE < cost || room < STORE_RESERVE)
		room = uefi_vars_room();
	if (room >= STORE_RESERVE && room - STORE_RESERVE >= cost && state != STORE_FULL)
		return true;
	spent("its variable store is nearly full");
	return false;
}

static enum err put(void *ctx, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length)
{
	char name[UEFI_VAR_NAME];
	struct why why;
	int at = find(key);
	uint64_t start = time_ns();
	enum err e;

	(void)ctx;
	if (!length || length > MIG_STORE_BYTES)
		return ERR_INVALID;
	if (at < 0 && (place() < 0 || !has_room())) {
		log_limited(time_ns(), LOG_ERROR, "records", "a new one does not fit: %s",
			    place() < 0 ? "all places are taken" :
			    "the firmware's variable store is nearly full; a restart of this host may clean it");
		spent("its variable store is nearly full");
		return ERR_SPACE;
	}
	/* Known before the outcome is: after a failure it may be there all the same, and then has to be dropped. */
	if (at < 0)
		know(key);
	store_entry_name(key, name);
	e = write_entry(name, bytes, length, &why);
	if (e != ERR_OK) {
		log_limited(time_ns(), LOG_ERROR, "records", "%s", why.text);
		spent(why.text);
		return e == ERR_SPACE ? e : ERR_IO;
	}
	log_debug("records", "%.8s written in %llu us", name, (unsigned long long)(time_ns() - start) / 1000);
	return ERR_OK;
}

static void drop(void *ctx, const uint8_t key[MIG_STORE_KEY])
{
	char name[UEFI_VAR_NAME];
	struct why why;
	int at = find(key);

	(void)ctx;
	if (at < 0)
		return;
	store_entry_name(key, name);
	if (uefi_var_remove(name, &why) != ERR_OK)
		log_warn("records", "%s", why.text);
	known[at].used = false;
}

static void each(void *ctx, void (*visit)(void *, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length),
		 void *arg)
{
	uint8_t bytes[MIG_STORE_BYTES];
	char name[UEFI_VAR_NAME];
	struct why why;
	size_t length;
	enum err e;

	(void)ctx;
	for (unsigned i = 0; i < MIG_STORE_ENTRIES; i++) {
		if (!known[i].used)
			continue;
		store_entry_name(known[i].key, name);
		e = store_entry_read(name, bytes, &length, &why);
		if (e != ERR_NOTFOUND)
			visit(arg, known[i].key, bytes, e == ERR_OK ? length : 0);
	}
}

/* --- at boot ------------------------------------------------------------------------------------------ */

static void note_name(void *arg, const char *name)
{
	uint8_t key[MIG_STORE_KEY], bytes[MIG_STORE_BYTES];
	struct why why;
	size_t length;
	int at = place();

	(void)arg;
	if (!strcmp(name, BOOT_NAME) || !strcmp(name, SECRET_NAME))
		return;
	if (!store_entry_key(name, key))
		why_set(&why, "variable %.8s under Tern's GUID is no record; it is left alone", name);
	else if (at < 0) {
		why_set(&why, "variable %.8s: more than %u records; it is not read", name, MIG_STORE_ENTRIES);
		overlooked = true;
	} else {
		/* Also one that can't be read: its key may be all that tells of a machine that left. */
		know(key);
		if (store_entry_read(name, bytes, &length, &why) == ERR_OK)
			return;
	}
	log_warn("records", "%s", why.text);
}

/* Finds an earlier boot's note and puts this boot's in its place; *count is this boot's number. */
static enum store_state note_boot(const uint8_t boot_id[16], uint64_t *count, struct why *why)
{
	union { uint8_t bytes[MIG_STORE_BYTES]; struct boot_note note; } old;
	struct boot_note now = { .count = 1 };
	size_t length;
	enum err e = store_entry_read(BOOT_NAME, old.bytes, &length, why);
	bool earlier = e == ERR_OK && length == sizeof(now) && memcmp(old.note.boot_id, boot_id, sizeof(now.boot_id));

	if (e != ERR_OK && e != ERR_NOTFOUND)
		log_warn("records", "%s", why->text);
	if (earlier)
		now.count = old.note.count + 1;
	memcpy(now.boot_id, boot_id, sizeof(now.boot_id));
	*count = now.count;
	e = write_entry(BOOT_NAME, &now, sizeof(now), why);
	return e == ERR_OK ? earlier ? STORE_KEPT : STORE_FORGETFUL : earlier ? STORE_FULL : STORE_NONE;
}

/* One that is damaged is made anew: what was said with it can't be said again. One that can be guessed is none. */
static void find_secret(void)
{
	uint8_t bytes[MIG_STORE_BYTES];
	struct why why = { "" };
	size_t length = 0;
	enum err e = store_entry_read(SECRET_NAME, bytes, &length, &why);

	has_secret = e == ERR_OK && length == STORE_SECRET;
	if (has_secret) {
		memcpy(secret, bytes, STORE_SECRET);
		return;
	}
	if (e != ERR_OK && e != ERR_NOTFOUND)
		log_warn("records", "%s", why.text);
	if (!random_is_strong() || !has_room() || state == STORE_FULL ||
	    (e != ERR_NOTFOUND && e != ERR_CORRUPT && e != ERR_OK))
		return;
	random_bytes(secret, STORE_SECRET);
	has_secret = write_entry(SECRET_NAME, secret, STORE_SECRET, &why) == ERR_OK;
	if (!has_secret)
		log_warn("records", "no secret can be kept, so that peers are not told what this host never committed: "
			 "%s", why.text);
}

static void tell(uint64_t count, uint64_t took_ns, const struct why *why)
{
	switch (state) {
	case STORE_KEPT:
		fmt(text, sizeof(text), "kept by the firmware (boot %llu)", (unsigned long long)count);
		break;
	case STORE_FORGETFUL:
		fmt(text, sizeof(text), "not yet proven to survive a restart (first boot, or the firmware forgets)");
		break;
	case STORE_FULL:
		fmt(text, sizeof(text), "kept by the firmware, and no more until this host restarts, hand-offs go on "
		    "by boot ids: %s", why->text);
		break;
	case STORE_NONE:
		fmt(text, sizeof(text), "kept in memory only: %s", why->text);
		break;
	}
	log_write(state == STORE_KEPT ? LOG_INFO : LOG_WARN, "records", "%s", text);
	if (room != UINT64_MAX && (state == STORE_KEPT || state == STORE_FORGETFUL))
		log_info("records", "writing one took %llu us; the store has %llu bytes left",
			 (unsigned long long)took_ns / 1000, (unsigned long long)room);
}

void store_init(const struct boot_info *boot, const uint8_t boot_id[16])
{
	uint64_t count = 0, start = time_ns(), took;
	struct why why = { "" };

	memset(known, 0, sizeof(known));
	has_secret = overlooked = false;
	state = STORE_NONE;
	if (uefi_vars_init(boot, &why) == ERR_OK && uefi_var_each(note_name, NULL, &why) == ERR_OK) {
		room = uefi_vars_room();
		start = time_ns();
		state = note_boot(boot_id, &count, &why);
	}
	took = time_ns() - start;
	if (state != STORE_NONE)
		find_secret();
	tell(count, took, &why);
	seam = (struct mig_store){ .proven = state == STORE_KEPT || state == STORE_FULL, .put_ns = took, .put = put,
				   .room = room_for, .drop = drop, .each = each };
}

enum store_state store_state(void)
{
	return state;
}

const char *store_text(void)
{
	return text;
}

const uint8_t *store_secret(void)
{
	return has_secret && !overlooked && state != STORE_NONE ? secret : NULL;
}

const struct mig_store *store_seam(void)
{
	return state == STORE_NONE ? NULL : &seam;
}
