/* SPDX-License-Identifier: MIT */
/* digest.h: the two hashes of the wire spec: over all records loaded, and over all guest memory. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "host.h"

/* Running digest of PAGES, ROUND_END, STOP and STATE records. */
struct mig_digest {
	XXH64_state_t xxh;
	bool by_crc;	/* MIG_CAP_DIGEST_CRC is in force */
};

/* @capabilities: MIG_CAP_* in force. */
void mig_digest_init(struct mig_digest *d, uint64_t capabilities);
/* A PAGES record, whose header has the CRC32C @crc. */
void mig_digest_pages(struct mig_digest *d, const void *body, size_t length, uint32_t crc);
/* Any other record. */
void mig_digest_add(struct mig_digest *d, uint16_t type, const void *body, size_t length);
uint64_t mig_digest_value(const struct mig_digest *d);

/* Hash of all guest memory, taken in bounded steps while the guest stands still. */
struct mig_memory_hash {
	struct mig_guest *guest;
	uint64_t page, pages;
	XXH64_state_t xxh;
};

void mig_memory_hash_init(struct mig_memory_hash *h, struct mig_guest *guest, uint64_t memory_bytes);
/* Hashes up to @budget present pages more; true when all is done and *value is set. */
bool mig_memory_hash_step(struct mig_memory_hash *h, unsigned budget, uint64_t *value);

/* What hashing all of @guest's memory will take, in ns, by what a little of it takes now; 0 if none was ever
 * touched. */
uint64_t mig_memory_hash_cost(const struct mig_host *host, struct mig_guest *guest, uint64_t memory_bytes);
