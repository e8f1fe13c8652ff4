/* SPDX-License-Identifier: MIT */
/* config_line.h: one line of tern.conf, taken apart. */
#pragma once

#define CONFIG_LINE 1023	/* bytes of the longest line */

enum config_line_kind {
	CONFIG_LINE_BLANK, CONFIG_LINE_SECTION, CONFIG_LINE_KEY,
	CONFIG_LINE_BAD,		/* no section, no setting */
	CONFIG_LINE_BAD_SECTION,	/* meant to be a section */
};

struct config_line {
	enum config_line_kind kind;
	const char *key;	/* the key, or the first word of "[vm NAME]" */
	const char *value;	/* the value without its quotes, or NAME; "" if there is none */
	const char *bad;	/* the two BAD kinds: what is wrong and what was expected */
};

/* Takes the NUL-terminated @text apart, writing into it; @out points into it afterwards. A comment starts with
 * '#' or ';' at the line's start or behind a blank outside quotes; quotes are " or ', with no escapes within. */
void config_line_split(char *text, struct config_line *out);
