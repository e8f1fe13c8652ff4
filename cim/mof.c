/* SPDX-License-Identifier: MIT */
#include "mof.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum token { T_END, T_WORD, T_STRING, T_SIGN, T_BAD };

struct lexer {
	const char *at;
	enum token token;
	const char *start;		/* of a word or sign */
	size_t length;
	struct buf string;		/* of a string, quotes and escapes resolved */
	struct why *why;		/* what is wrong, where the place alone does not say it */
};

static const char *skip_blank(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r\n\f\v");
		if (p[0] == '/' && p[1] == '/') {
			p += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p + 2, "*/");

			p = end ? end + 2 : p + strlen(p);
		} else {
			return p;
		}
	}
}

static bool read_string(struct lexer *l)
{
	const char *p = l->at + 1;

	for (; *p && *p != '"'; p++) {
		static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
		const char *hit;

		if (*p != '\\') {
			buf_add(&l->string, p, 1);
			continue;
		}
		if (!*++p)
			return false;
		hit = strchr(from, *p);
		buf_add(&l->string, hit ? to + (hit - from) : p, 1);
	}
	if (!*p)
		return false;
	l->at = p + 1;
	return true;
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.+-:$", c)) || (c & 0x80);
}

static void next(struct lexer *l)
{
	l->at = skip_blank(l->at);
	l->start = l->at;
	l->length = 1;
	if (!*l->at) {
		l->token = T_END;
	} else if (*l->at == '"') {
		buf_clear(&l->string);
		l->token = T_STRING;
		/* Adjacent strings are one. */
		while (l->token == T_STRING && *l->at == '"') {
			if (!read_string(l))
				l->token = T_BAD;
			else
				l->at = skip_blank(l->at);
		}
	} else if (word_char(*l->at)) {
		while (word_char(*l->at))
			l->at++;
		l->length = (size_t)(l->at - l->start);
		l->token = T_WORD;
	} else {
		l->token = T_SIGN;
		l->at++;
	}
}

static bool is_sign(const struct lexer *l, char c)
{
	return l->token == T_SIGN && *l->start == c;
}

static bool is_word(const struct lexer *l, const char *word)
{
	return l->token == T_WORD && l->length == strlen(word) && !strncasecmp(l->start, word, l->length);
}

/* "[ ... ]" before a property. */
static void skip_qualifiers(struct lexer *l)
{
	if (!is_sign(l, '['))
		return;
	while (l->token != T_END && l->token != T_BAD && !is_sign(l, ']'))
		next(l);
	next(l);
}

/* A value's text; false if there is none. *text is NULL for NULL. */
static bool value(const struct lexer *l, const char **text, size_t *length)
{
	if (l->token != T_STRING && l->token != T_WORD)
		return false;
	*text = l->token == T_WORD ? l->start : l->string.length ? l->string.data : "";
	*length = l->token == T_WORD ? l->length : l->string.length;
	if (is_word(l, "NULL"))
		*text = NULL;
	return true;
}

/* { VALUE, VALUE ... } from its second token on; the first element is kept. */
static bool array(struct lexer *l, struct embedded *out, const char *name, size_t length)
{
	const char *text = NULL;
	size_t text_length = 0;
	bool any = false;

	while (!is_sign(l, '}')) {
		if (!value(l, &text, &text_length))
			return false;
		if (!any && !embedded_add(out, name, length, EMBEDDED_ARRAY, text, text_length, l->why))
			return false;
		any = true;
		next(l);
		if (is_sign(l, ','))
			next(l);
		else if (!is_sign(l, '}'))
			return false;
	}
	return any || embedded_add(out, name, length, EMBEDDED_NULL, NULL, 0, l->why);
}

/* NAME = VALUE or an array, then the semicolon. */
static bool property(struct lexer *l, struct embedded *out)
{
	const char *name = l->start, *text = NULL;
	size_t length = l->length, text_length = 0;

	if (l->token != T_WORD)
		return false;
	next(l);
	if (!is_sign(l, '='))
		return false;
	next(l);
	if (is_sign(l, '{')) {
		next(l);
		if (!array(l, out, name, length))
			return false;
	} else if (!value(l, &text, &text_length) ||
		   !embedded_add(out, name, length, text ? EMBEDDED_VALUE : EMBEDDED_NULL, text, text_length, l->why)) {
		return false;
	}
	next(l);
	if (!is_sign(l, ';'))
		return false;
	next(l);
	return true;
}

static bool instance(struct lexer *l, struct embedded *out)
{
	if (!is_word(l, "instance"))
		return false;
	next(l);
	if (!is_word(l, "of"))
		return false;
	next(l);
	if (l->token != T_WORD || l->length >= sizeof(out->class))
		return false;
	memcpy(out->class, l->start, l->length);
	out->class[l->length] = 0;
	next(l);
	if (is_word(l, "as")) {
		next(l);
		next(l);
	}
	if (!is_sign(l, '{'))
		return false;
	next(l);
	while (!is_sign(l, '}')) {
		skip_qualifiers(l);
		if (!property(l, out))
			return false;
	}
	next(l);
	if (is_sign(l, ';'))
		next(l);
	return l->token == T_END;
}

enum err mof_parse(const char *text, struct embedded *out, struct why *why)
{
	struct why known = { "" };
	struct lexer l = { .at = text, .why = &known };
	bool ok;

	next(&l);
	ok = instance(&l, out) && !l.string.failed;
	if (!ok && known.text[0])
		*why = known;
	else if (!ok)
		why_set(why, "it is neither CIM-XML nor MOF: expected \"instance of CLASS { NAME = VALUE; };\", "
			"stopped at character %u", (unsigned)(l.start - text));
	buf_free(&l.string);
	return ok ? ERR_OK : ERR_INVALID;
}
