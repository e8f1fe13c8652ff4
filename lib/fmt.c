/* SPDX-License-Identifier: MIT */
/* fmt.c: the formatter behind the log and every sentence; integers and strings only. */
#include "fmt.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *text;
	size_t room;
	size_t length;		/* of the whole text, whether it fitted or not */
};

struct spec {
	bool left, zero;
	int width;
	int precision;		/* negative: not given */
	int size;		/* bytes of the integer argument */
};

static void put(struct out *o, char c)
{
	if (o->length + 1 < o->room)
		o->text[o->length] = c;
	o->length++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

/* @text with @prefix ("-", "0x" or ""): zeros go between the two, spaces around both. */
static void field(struct out *o, const struct spec *s, const char *prefix, const char *text, size_t n)
{
	int fill = s->width - (int)(strlen(prefix) + n);

	if (!s->left && !s->zero)
		pad(o, ' ', fill);
	for (; *prefix; prefix++)
		put(o, *prefix);
	if (!s->left && s->zero)
		pad(o, '0', fill);
	for (size_t i = 0; i < n; i++)
		put(o, text[i]);
	if (s->left)
		pad(o, ' ', fill);
}

static void number(struct out *o, const struct spec *s, const char *prefix, uint64_t v, unsigned base,
		   const char *digits)
{
	char text[24];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[v % base];
		v /= base;
	} while (v);
	field(o, s, prefix, text + at, sizeof(text) - at);
}

static const char *flags(const char *f, struct spec *s, va_list *args)
{
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else
			break;
	}
	if (*f == '*') {
		s->width = va_arg(*args, int);
		if (s->width < 0) {
			s->left = true;
			s->width = -s->width;
		}
		f++;
	}
	for (; *f >= '0' && *f <= '9' && s->width < 100000; f++)
		s->width = s->width * 10 + (*f - '0');
	if (*f != '.')
		return f;
	f++;
	s->precision = 0;
	if (*f == '*') {
		s->precision = va_arg(*args, int);
		f++;
	}
	for (; *f >= '0' && *f <= '9' && s->precision < 100000; f++)
		s->precision = s->precision * 10 + (*f - '0');
	return f;
}

static const char *size(const char *f, struct spec *s)
{
	switch (*f) {
	case 'h':
		s->size = f[1] == 'h' ? 1 : 2;
		return f + (f[1] == 'h' ? 2 : 1);
	case 'l':
		s->size = 8;
		return f + (f[1] == 'l' ? 2 : 1);
	case 'z':
		s->size = 8;
		return f + 1;
	default:
		return f;
	}
}

static int64_t signed_arg(const struct spec *s, va_list *args)
{
	switch (s->size) {
	case 1: return (signed char)va_arg(*args, int);
	case 2: return (short)va_arg(*args, int);
	case 8: return va_arg(*args, long long);
	default: return va_arg(*args, int);
	}
}

static uint64_t unsigned_arg(const struct spec *s, va_list *args)
{
	switch (s->size) {
	case 1: return (unsigned char)va_arg(*args, int);
	case 2: return (unsigned short)va_arg(*args, int);
	case 8: return va_arg(*args, unsigned long long);
	default: return va_arg(*args, unsigned int);
	}
}

static void string(struct out *o, struct spec *s, const char *text)
{
	size_t n = 0;

	if (!text)
		text = "(null)";
	while ((s->precision < 0 || n < (size_t)s->precision) && text[n])
		n++;
	s->zero = false;
	field(o, s, "", text, n);
}

/* Formats the conversion at @f (behind its '%'); returns where the text goes on, NULL if unknown. */
static const char *convert(struct out *o, const char *f, va_list *args)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	struct spec s = { .precision = -1, .size = 4 };
	int64_t v;
	char c;

	f = flags(f, &s, args);
	f = size(f, &s);
	switch (*f) {
	case 'd':
	case 'i':
		v = signed_arg(&s, args);
		number(o, &s, v < 0 ? "-" : "", v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, lower);
		break;
	case 'u':
		number(o, &s, "", unsigned_arg(&s, args), 10, lower);
		break;
	case 'x':
		number(o, &s, "", unsigned_arg(&s, args), 16, lower);
		break;
	case 'X':
		number(o, &s, "", unsigned_arg(&s, args), 16, upper);
		break;
	case 'p':
		number(o, &s, "0x", (uintptr_t)va_arg(*args, void *), 16, lower);
		break;
	case 's':
		string(o, &s, va_arg(*args, const char *));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		s.zero = false;
		field(o, &s, "", &c, 1);
		break;
	case '%':
		put(o, '%');
		break;
	default:
		return NULL;
	}
	return f + 1;
}

int fmt_v(char *out, size_t room, const char *format, va_list args)
{
	struct out o = { .text = out, .room = room };
	const char *next;
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		next = *format == '%' ? convert(&o, format + 1, &rest) : NULL;
		if (next) {
			format = next;
		} else {
			put(&o, *format++);
		}
	}
	va_end(rest);
	if (room)
		out[o.length < room ? o.length : room - 1] = '\0';
	return (int)o.length;
}

int fmt(char *out, size_t room, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = fmt_v(out, room, format, args);
	va_end(args);
	return n;
}
