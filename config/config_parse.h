/* SPDX-License-Identifier: MIT */
/* config_parse.h: the parse of one tern.conf, shared by config.c and config_check.c. */
#pragma once
#include "config/config.h"
#include "config/config_keys.h"

struct config_parse {
	struct config *out;
	const char *file;
	struct why_list *mistakes;
	uint32_t line;
	char title[80];				/* of the section: "[vm web1]"; "" before the first */
	enum config_section section;		/* as far as it is known; CONFIG_SECTIONS: not */
	void *base;				/* structure its keys go to; NULL: skip them */
	struct config_vm *vm;			/* whose section it is, else NULL */
	uint32_t key_line[CONFIG_KEYS];		/* where this section gave the key, 0: not yet */
	uint32_t section_line[CONFIG_SECTIONS];	/* of each section without a name, 0: not yet */
	uint32_t port_line[CONFIG_SECTIONS];	/* of each section's port, 0: not given */
	uint32_t gateway_line;
	bool given[CONFIG_KEYS];		/* where it counts, with whatever value */
	uint32_t doubt_line[CONFIG_SECTIONS];	/* the first that may be a lost key of the section, 0: none */
};

/* Notes a mistake on the present line; it breaks the VM whose section this is. @key may be NULL. */
__attribute__((format(printf, 3, 4)))
void config_mistake(struct config_parse *p, const char *key, const char *format, ...);

/* The present line does not say what it was meant to. If it may have been a key of @section (CONFIG_SECTIONS: of
 * any), that one's doors stay shut which nothing else in the file is said of: a slip must not open a door. */
void config_doubt(struct config_parse *p, enum config_section section);
/* The same for a key that stands where it doesn't count: it only was one of a door if its @name is nearly that. */
void config_doubt_key(struct config_parse *p, const char *name);
/* Edits that make @b out of @a; more than @most when the words are long or far apart. */
unsigned config_distance(const char *a, const char *b, unsigned most);

/* At a section's end: what it must have and lacks, and what another one has already. */
void config_check_section(struct config_parse *p);
/* At the file's end: values that don't fit together. */
void config_check_whole(struct config_parse *p);
