/* SPDX-License-Identifier: MIT */
/* config_value.h: the kinds of value that tern.conf knows, one parser each. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word and the number it stands for; a list ends with a NULL word. */
struct config_word { const char *word; uint32_t value; };

struct config_key {
	uint8_t section;		/* enum config_section */
	bool required;
	const char *name;
	/* Puts @text into @base; false, with no effect, when it is not what @key expects. */
	bool (*parse)(const struct config_key *key, void *base, const char *text);
	uint32_t offset, room;		/* of the value in its structure */
	uint64_t min, max;		/* numbers: limits; texts: fewest bytes */
	const struct config_word *word;
	const char *expected;		/* completes "expected ..." */
	const char *initial;		/* as if tern.conf said so where it says nothing; NULL: all zeros */
	const char *meaning;		/* what for, or what holds without it; NULL: the name says it */
};

bool config_value_text(const struct config_key *key, void *base, const char *text);
/* Letters, digits, '.', '_' and '-', starting with a letter or digit. */
bool config_value_name(const struct config_key *key, void *base, const char *text);
/* Lower-case text form. */
bool config_value_uuid(const struct config_key *key, void *base, const char *text);
bool config_value_number(const struct config_key *key, void *base, const char *text);
/* A number with an optional suffix K, M or G (powers of 1024). */
bool config_value_size(const struct config_key *key, void *base, const char *text);
/* As config_value_size, in whole 2 MiB. */
bool config_value_memory(const struct config_key *key, void *base, const char *text);
bool config_value_word(const struct config_key *key, void *base, const char *text);
bool config_value_mac(const struct config_key *key, void *base, const char *text);
/* a.b.c.d as a host-byte-order uint32_t; not 0.0.0.0, 127/8, multicast or broadcast. */
bool config_value_ipv4(const struct config_key *key, void *base, const char *text);
/* [net] address and [migration] accept_from: @base is a struct config. */
bool config_value_net_address(const struct config_key *key, void *base, const char *text);
bool config_value_accept_from(const struct config_key *key, void *base, const char *text);
/* Ranges a.b.c.d or a.b.c.d/len with commas between, as many as the field has room for. After a mistake the field
 * holds nobody, 255.255.255.255. */
bool config_value_ranges(const struct config_key *key, void *base, const char *text);
