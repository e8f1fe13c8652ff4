/* SPDX-License-Identifier: MIT */
/* config_line.c: sections, keys, quotes and comments. */
#include "config/config_line.h"
#include <stdbool.h>
#include <string.h>

static bool blank(char c) { return c == ' ' || c == '\t'; }
static bool comment(char c) { return c == '#' || c == ';'; }

static char *skip(char *p)
{
	while (blank(*p))
		p++;
	return p;
}

/* Ends the text that starts at @p behind its last byte that isn't blank. */
static void trim(char *p)
{
	char *end = p + strlen(p);

	while (end > p && blank(end[-1]))
		end--;
	*end = '\0';
}

static void bad(struct config_line *out, enum config_line_kind kind, const char *what)
{
	out->kind = kind;
	out->bad = what;
}

static bool nothing_more(char *p)
{
	p = skip(p);
	return !*p || comment(*p);
}

static void section(char *p, struct config_line *out)
{
	char *end = strchr(p, ']'), *name;

	if (!end) {
		bad(out, CONFIG_LINE_BAD_SECTION, "\"[\" without \"]\", expected [SECTION] or [SECTION NAME]");
		return;
	}
	*end = '\0';
	p = skip(p);
	trim(p);
	if (!nothing_more(end + 1)) {
		bad(out, CONFIG_LINE_BAD_SECTION, "text behind \"]\", expected nothing or a comment");
		return;
	}
	for (name = p; *name && !blank(*name); name++)
		;
	if (*name)
		*name++ = '\0';
	out->kind = CONFIG_LINE_SECTION;
	out->key = p;
	out->value = skip(name);
}

static void quoted(char *p, struct config_line *out)
{
	char *end = strchr(p + 1, *p);

	if (!end) {
		bad(out, CONFIG_LINE_BAD, "opening quote without a closing one, expected KEY = \"value\" on one line");
		return;
	}
	if (!nothing_more(end + 1)) {
		bad(out, CONFIG_LINE_BAD, "text behind the closing quote, expected nothing or a comment");
		return;
	}
	*end = '\0';
	out->value = p + 1;
}

static void plain(char *p, struct config_line *out)
{
	out->value = p;
	for (char *c = p; *c; c++) {
		if (comment(*c) && (c == p || blank(c[-1]))) {
			*c = '\0';
			break;
		}
	}
	trim(p);
}

void config_line_split(char *text, struct config_line *out)
{
	char *p = skip(text), *equals;

	*out = (struct config_line){ .kind = CONFIG_LINE_BLANK, .key = "", .value = "", .bad = "" };
	if (!*p || comment(*p))
		return;
	if (*p == '[') {
		section(p + 1, out);
		return;
	}
	equals = strchr(p, '=');
	if (!equals || equals == p) {
		bad(out, CONFIG_LINE_BAD, "is neither a section nor a setting, expected KEY = value");
		return;
	}
	*equals = '\0';
	trim(p);
	out->kind = CONFIG_LINE_KEY;
	out->key = p;
	p = skip(equals + 1);
	if (*p == '"' || *p == '\'')
		quoted(p, out);
	else
		plain(p, out);
}
