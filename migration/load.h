/* SPDX-License-Identifier: MIT */
/* load.h: what the destination does with PAGES and STATE bodies: check all of it, then act. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "guest.h"
#include "protocol.h"

struct mig_load {
	struct mig_guest *guest;
	uint64_t pages;			/* of guest memory */
	uint64_t capabilities;		/* of both sides: which encodings may come */
	uint32_t round;			/* the current one */
	uint64_t raw_pages, zero_pages;	/* of this round */
	uint64_t last_page;		/* named last */
};

/* ERR_SHORT, ERR_INVALID, ERR_RANGE, ERR_UNKNOWN: the body is wrong, nothing was written; ERR_NOMEM. */
enum err mig_load_pages(struct mig_load *l, const void *body, size_t length, struct why *why) NODISCARD;

/* A state image that comes in parts. */
struct mig_image {
	uint8_t *bytes;
	uint32_t total, have, flags;
};

/* Takes one STATE body. ERR_OK: the image is complete; ERR_AGAIN: more parts follow; ERR_SHORT, ERR_INVALID,
 * ERR_RANGE (over @limit), ERR_NOMEM. */
enum err mig_image_add(struct mig_image *i, const void *body, size_t length, uint64_t limit,
		       struct why *why) NODISCARD;
void mig_image_free(struct mig_image *i);
