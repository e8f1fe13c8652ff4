/* SPDX-License-Identifier: MIT */
/* encode_delta.c: {base u32}, then runs of {skip u16, count u16, count bytes}. */
#include "encode_delta.h"
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "lib/bytes.h"

#define RUN_HEAD 4u

static uint32_t base_of(const uint8_t *page)
{
	return (uint32_t)XXH64(page, PAGE_SIZE, 0);
}

static uint64_t differ(const uint8_t *old, const uint8_t *new, size_t at)
{
	return le64_get(old + at) ^ le64_get(new + at);
}

/* The first word from @at on that differs, PAGE_SIZE if none does. */
static size_t next_change(const uint8_t *old, const uint8_t *new, size_t at)
{
	for (; at % 32 && at < PAGE_SIZE; at += 8)
		if (differ(old, new, at))
			return at;
	for (; at < PAGE_SIZE; at += 32)
		if (differ(old, new, at) | differ(old, new, at + 8) | differ(old, new, at + 16) |
		    differ(old, new, at + 24))
			break;
	while (at < PAGE_SIZE && !differ(old, new, at))
		at += 8;
	return at;
}

size_t mig_delta_encode(const uint8_t *old, const uint8_t *new, uint8_t *out, size_t room)
{
	size_t length = MIG_DELTA_MIN, done = 0, at = 0;

	if (room < MIG_DELTA_MIN)
		return 0;
	le32_put(out, base_of(old));
	while ((at = next_change(old, new, at)) < PAGE_SIZE) {
		size_t begin = at + (unsigned)__builtin_ctzll(differ(old, new, at)) / 8, end;

		while (at < PAGE_SIZE && differ(old, new, at))
			at += 8;
		end = at - (unsigned)__builtin_clzll(differ(old, new, at - 8)) / 8;
		if (room - length < RUN_HEAD + (end - begin))
			return 0;
		le16_put(out + length, (uint16_t)(begin - done));
		le16_put(out + length + 2, (uint16_t)(end - begin));
		memcpy(out + length + RUN_HEAD, new + begin, end - begin);
		length += RUN_HEAD + (end - begin);
		done = end;
	}
	return length;
}

bool mig_delta_valid(const uint8_t *data, size_t length)
{
	size_t at = MIG_DELTA_MIN, page = 0;

	if (length < MIG_DELTA_MIN)
		return false;
	while (at < length) {
		size_t count;

		if (length - at < RUN_HEAD)
			return false;
		count = le16_get(data + at + 2);
		page += le16_get(data + at) + count;
		at += RUN_HEAD;
		if (!count || page > PAGE_SIZE || count > length - at)
			return false;
		at += count;
	}
	return true;
}

bool mig_delta_fits(const uint8_t *old, const uint8_t *data)
{
	return le32_get(data) == base_of(old);
}

void mig_delta_apply(uint8_t *page, const uint8_t *data, size_t length)
{
	size_t at = MIG_DELTA_MIN;

	while (at < length) {
		size_t count = le16_get(data + at + 2);

		page += le16_get(data + at);
		memcpy(page, data + at + RUN_HEAD, count);
		page += count;
		at += RUN_HEAD + count;
	}
}
