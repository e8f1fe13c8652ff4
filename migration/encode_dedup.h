/* SPDX-License-Identifier: MIT */
/* encode_dedup.h: at the source, which page was sent with which content: finds one that the destination has already. */
#pragma once
#include "encode_sent.h"

/* What the data of a MIG_ENC_DEDUP entry says (wire spec, section 4). */
struct mig_dedup_data { uint64_t page; uint32_t base, zero; };
_Static_assert(sizeof(struct mig_dedup_data) == 16, "wire");

/* One page number for each low part of a hash: a later page with such a hash takes the place. What a place says is a
 * guess: the kept version of the page it names decides. */
struct mig_dedup {
	uint32_t *page;			/* number + 1, 0: none */
	uint64_t mask;
};

/* As many places as pages of @sent may be kept, and half a million at most; none, so that nothing is found, where
 * memory is short. */
void mig_dedup_init(struct mig_dedup *t, const struct mig_sent *sent);
void mig_dedup_fini(struct mig_dedup *t);
/* The hash that names @content, PAGE_SIZE bytes; its low 32 bits are what the wire calls its base. */
uint64_t mig_dedup_hash(const void *content);
/* Another page than @pfn of which the destination has @content, UINT64_MAX if none is known. */
uint64_t mig_dedup_find(const struct mig_dedup *t, const struct mig_sent *sent, uint64_t pfn, const void *content,
			uint64_t hash);
/* @pfn is being sent with the content of @hash, and kept. */
void mig_dedup_note(struct mig_dedup *t, uint64_t pfn, uint64_t hash);
