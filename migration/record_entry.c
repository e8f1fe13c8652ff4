/* SPDX-License-Identifier: MIT */
/* record_entry.c: packing and unpacking the bytes of a record. */
#include "record_entry.h"
#include <string.h>
#include "lib/crc32c.h"
#include "store.h"

#define ENTRY_MAGIC	0x43455254u	/* the bytes "TREC" */
#define ENTRY_VERSION	2
enum {
	FLAG_SOURCE = 1,
	FLAG_PEER_KEEPS = 2,
	FLAG_OWES_AWAY = 4,
	FLAG_PEER_FORGETS = 8,
	FLAG_PROVES = 16,
	FLAG_SETTLES = 32
};

struct entry {
	uint32_t magic, crc;
	uint16_t version, length;
	uint8_t state, flags;
	uint16_t peer_port;
	uint64_t digest, order, when_s;
	uint8_t vm_uuid[16], attempt[16], peer_boot[16], peer_uuid[16], own_boot[16];
	char vm[32], peer_name[64];
	uint32_t peer_ipv4, given;
	uint8_t own_proof[MIG_PROOF], peer_proof[MIG_PROOF];	/* since version 2 */
};
_Static_assert(sizeof(struct entry) == MIG_ENTRY_BYTES && MIG_ENTRY_BYTES <= MIG_STORE_BYTES,
	       "kept for other versions to read");
_Static_assert(offsetof(struct entry, vm_uuid) == 40 && offsetof(struct entry, peer_ipv4) == 216 &&
	       offsetof(struct entry, own_proof) == MIG_ENTRY_BYTES_1, "as documented");

static size_t length_of(uint16_t version)
{
	return version == 1 ? MIG_ENTRY_BYTES_1 : sizeof(struct entry);
}

static uint32_t seal(struct entry e)
{
	e.crc = 0;
	return crc32c(0, &e, length_of(e.version));
}

void mig_entry_pack(const struct mig_note *note, uint8_t out[MIG_ENTRY_BYTES])
{
	struct entry e = {
		.magic = ENTRY_MAGIC,
		.version = ENTRY_VERSION,
		.length = sizeof(e),
		.state = (uint8_t)note->state,
		.flags = (uint8_t)((note->source ? FLAG_SOURCE : 0) | (note->peer_keeps ? FLAG_PEER_KEEPS : 0) |
				   (note->owes_away ? FLAG_OWES_AWAY : 0) |
				   (note->peer_forgets ? FLAG_PEER_FORGETS : 0) | (note->proves ? FLAG_PROVES : 0) |
				   (note->settles ? FLAG_SETTLES : 0)),
		.peer_port = note->peer_port,
		.digest = note->digest,
		.order = note->order,
		.when_s = note->when_s,
		.peer_ipv4 = note->peer_ipv4,
		.given = note->given,
	};

	memcpy(e.vm_uuid, note->vm_uuid, sizeof(e.vm_uuid));
	memcpy(e.attempt, note->attempt, sizeof(e.attempt));
	memcpy(e.peer_boot, note->peer_boot, sizeof(e.peer_boot));
	memcpy(e.peer_uuid, note->peer_uuid, sizeof(e.peer_uuid));
	memcpy(e.own_boot, note->own_boot, sizeof(e.own_boot));
	memcpy(e.vm, note->vm, sizeof(e.vm));
	memcpy(e.peer_name, note->peer_name, sizeof(e.peer_name));
	memcpy(e.own_proof, note->own_proof, sizeof(e.own_proof));
	memcpy(e.peer_proof, note->peer_proof, sizeof(e.peer_proof));
	e.crc = seal(e);
	memcpy(out, &e, sizeof(e));
}

static void unpack(const struct entry *e, struct mig_note *out)
{
	out->state = (enum mig_record_state)e->state;
	out->source = e->flags & FLAG_SOURCE;
	out->peer_keeps = e->flags & FLAG_PEER_KEEPS;
	out->owes_away = e->flags & FLAG_OWES_AWAY;
	out->peer_forgets = e->flags & FLAG_PEER_FORGETS;
	out->proves = e->flags & FLAG_PROVES;
	out->settles = e->flags & FLAG_SETTLES;
	memcpy(out->own_proof, e->own_proof, sizeof(e->own_proof));
	memcpy(out->peer_proof, e->peer_proof, sizeof(e->peer_proof));
	out->peer_port = e->peer_port;
	out->peer_ipv4 = e->peer_ipv4;
	out->given = e->given;
	out->digest = e->digest;
	out->order = e->order;
	out->when_s = e->when_s;
	memcpy(out->attempt, e->attempt, sizeof(e->attempt));
	memcpy(out->peer_boot, e->peer_boot, sizeof(e->peer_boot));
	memcpy(out->peer_uuid, e->peer_uuid, sizeof(e->peer_uuid));
	memcpy(out->own_boot, e->own_boot, sizeof(e->own_boot));
	mig_text_copy(out->vm, sizeof(out->vm), (const uint8_t *)e->vm, sizeof(e->vm));
	mig_text_copy(out->peer_name, sizeof(out->peer_name), (const uint8_t *)e->peer_name, sizeof(e->peer_name));
}

enum err mig_entry_unpack(const void *bytes, size_t length, struct mig_note *out, struct why *why)
{
	struct entry e;

	memset(out, 0, sizeof(*out));
	if (!length) {
		why_set(why, "it can't be read");
		return ERR_CORRUPT;
	}
	memset(&e, 0, sizeof(e));
	memcpy(&e, bytes, length < sizeof(e) ? length : sizeof(e));
	if (length < MIG_ENTRY_BYTES_1 || length < length_of(e.version)) {
		why_set(why, "it has %u bytes, a record has %u", (unsigned)length, (unsigned)length_of(e.version));
		return ERR_SHORT;
	}
	if (e.magic != ENTRY_MAGIC) {
		why_set(why, "it does not begin as a record does");
		return ERR_INVALID;
	}
	/* A newer version's may be longer; its checksum is its own business, but covers these bytes first. */
	if ((e.version == 1 || e.version == ENTRY_VERSION) && (e.length != length_of(e.version) || seal(e) != e.crc)) {
		why_set(why, "its checksum is wrong");
		return ERR_CORRUPT;
	}
	memcpy(out->vm_uuid, e.vm_uuid, sizeof(e.vm_uuid));
	if (e.version != 1 && e.version != ENTRY_VERSION) {
		why_set(why, "it is of version %u, this host writes %u", e.version, ENTRY_VERSION);
		return ERR_VERSION;
	}
	if (e.state == MIG_RECORD_NONE || e.state >= MIG_RECORD_STATES) {
		why_set(why, "its state %u is unknown", e.state);
		return ERR_UNKNOWN;
	}
	unpack(&e, out);
	return ERR_OK;
}
