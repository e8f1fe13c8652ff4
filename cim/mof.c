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

static bool add_value(struct lexer *l, struct embedded *out, const char *name, size_t length)
{
	if (l->token == T_STRING)
		return embedded_add(out, name, length, l->string.length ? l->string.data : "", l->string.length);
	if (l->token != T_WORD)
		return false;
	if (is_word(l, "NULL"))
		return embedded_add(out, name, length, NULL, 0);
	return embedded_add(out, name, length, l->start, l->length);
}

/* VALUE or { VALUE, VALUE ... }, then the semicolon. */
static bool property(struct lexer *l, struct embedded *out)
{
	const char *name = l->start;
	size_t length = l->length;
	bool array;

	if (l->token != T_WORD)
		return false;
	next(l);
	if (!is_sign(l, '='))
		return false;
	next(l);
	array = is_sign(l, '{');
	if (array)
		next(l);
	if (array && is_sign(l, '}')) {
		if (!embedded_add(out, name, length, NULL, 0))
			return false;
	} else if (!add_value(l, out, name, length)) {
		return false;
	}
	while (array && l->token != T_END && l->token != T_BAD && !is_sign(l, '}'))
		next(l);
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
	struct lexer l = { .at = text };
	bool ok;

	next(&l);
	ok = instance(&l, out) && !l.string.failed;
	if (!ok)
		why_set(why, "it is neither CIM-XML nor MOF: expected \"instance of CLASS { NAME = VALUE; };\", "
			"stopped at character %u", (unsigned)(l.start - text));
	buf_free(&l.string);
	return ok ? ERR_OK : ERR_INVALID;
}
