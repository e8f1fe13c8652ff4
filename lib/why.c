/* SPDX-License-Identifier: MIT */
#include "why.h"
#include <stdarg.h>
#include <string.h>
#include "fmt.h"

void why_set(struct why *why, const char *format, ...)
{
	va_list args;

	if (!why)
		return;
	va_start(args, format);
	fmt_v(why->text, sizeof(why->text), format, args);
	va_end(args);
}

void why_add(struct why_list *list, const char *format, ...)
{
	va_list args;

	if (!list)
		return;
	if (list->count < WHY_MAX) {
		va_start(args, format);
		fmt_v(list->why[list->count].text, WHY_TEXT, format, args);
		va_end(args);
	}
	list->count++;
}

/* @name stands in @text as a word of its own. */
static bool names(const char *text, const char *name)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t length = strlen(name);

	for (const char *at = text; length && (at = strstr(at, name)); at++) {
		const char *end = at + length;

		if ((at == text || !strchr(word, at[-1])) && (!*end || !strchr(word, *end)))
			return true;
	}
	return false;
}

void why_speaker(struct why_list *list, unsigned from, const char *speaker)
{
	struct why said;

	for (unsigned n = from; n < list->count && n < WHY_MAX; n++) {
		said = list->why[n];
		if (!names(said.text, speaker))
			why_set(&list->why[n], "%s: %s", speaker, said.text);
	}
}
