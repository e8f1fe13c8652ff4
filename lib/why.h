/* SPDX-License-Identifier: MIT */
/* why.h: reasons for a failure, as sentences that a person can act on. */
#pragma once
#include <stdbool.h>

#define WHY_TEXT 200	/* bytes of one sentence with its NUL */
#define WHY_MAX  12	/* reasons kept; further ones only count */

struct why { char text[WHY_TEXT]; };

struct why_list {
	unsigned count;			/* reasons given, may exceed WHY_MAX */
	struct why why[WHY_MAX];
};

/* Sets @why (may be NULL) to the formatted sentence. Formats: see fmt.h. */
__attribute__((format(printf, 2, 3)))
void why_set(struct why *why, const char *format, ...);

/* Appends a sentence to @list (may be NULL). */
__attribute__((format(printf, 2, 3)))
void why_add(struct why_list *list, const char *format, ...);

/* Begins each sentence of @list from number @from on with "@speaker: " unless it names the speaker: whoever reads it
 * elsewhere must know which host is "here". */
void why_speaker(struct why_list *list, unsigned from, const char *speaker);
