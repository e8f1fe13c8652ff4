/* SPDX-License-Identifier: MIT */
#include "uuid.h"
#include "fmt.h"

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err uuid_parse(const char *text, uint8_t out[16])
{
	for (unsigned i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return ERR_INVALID;
		high = hex(text[0]);
		low = high < 0 ? -1 : hex(text[1]);
		if (low < 0)
			return ERR_INVALID;
		out[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return *text ? ERR_INVALID : ERR_OK;
}

void uuid_text(const uint8_t u[16], char out[UUID_TEXT])
{
	fmt(out, UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

void uuid_derive(const uint8_t seed[16], const char *name, uint8_t out[16])
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t h = FNV_BASIS + half;

		for (unsigned i = 0; i < 16; i++)
			h = (h ^ seed[i]) * FNV_PRIME;
		for (const char *c = name; *c; c++)
			h = (h ^ (unsigned char)*c) * FNV_PRIME;
		for (unsigned i = 0; i < 8; i++)
			out[8 * half + i] = (uint8_t)(h >> 8 * i);
	}
	out[6] = (uint8_t)(0x80 | (out[6] & 0x0f));
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}
