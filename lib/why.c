/* SPDX-License-Identifier: MIT */
#include "why.h"
#include <stdarg.h>
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
