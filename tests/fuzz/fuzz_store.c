/* SPDX-License-Identifier: MIT */
/* fuzz: host fake_random */
#include "host/store.h"
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/firmware.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/uefi_vars.h"
#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "lib/pages.h"

/* A firmware whose variables, answers and failures are the input; and what Tern does with its store. */
#define VARS 90u
#define CODE 0x1000u
enum { GET, NEXT, SET, QUERY };

static struct { uint16_t name[3000]; uint8_t guid[16], bytes[600]; uint32_t attributes; uint64_t chars, length; } var[VARS];
static unsigned vars, listed, visits;
static const uint8_t *in;
static size_t left;
static const uint8_t tern[16] = { 0x0a, 0xcf, 0x51, 0x7e, 0x7d, 0x3b, 0x59, 0x4c, 0x9a, 0x4e, 0xd1, 0x16, 0x0e, 0x57, 0xb2, 0x83 };

static uint8_t take(void)
{
	if (!left)
		return 0;
	left--;
	return *in++;
}

uint64_t time_ns(void)
{
	return 0;
}

void *chunk_alloc(void)
{
	return take() & 1 ? NULL : malloc(CHUNK_SIZE);
}

void chunk_free(void *chunk)
{
	free(chunk);
}

const char *firmware_fault_text(void)
{
	return "a fault";
}

static uint64_t length16(const uint16_t *s)
{
	uint64_t n = 0;

	while (s[n])
		n++;
	return n;
}

static bool is(unsigned i, const uint16_t *name, uint64_t chars, const uint8_t *guid)
{
	return var[i].chars == chars && !memcmp(var[i].guid, guid, 16) && !memcmp(var[i].name, name, 2 * chars);
}

/* Whoever lists all of them asks for one after the other. */
static unsigned find(const uint16_t *name, const uint8_t *guid)
{
	uint64_t chars = length16(name);
	unsigned i = 0;

	if (listed < vars && is(listed, name, chars, guid))
		return listed;
	while (i < vars && !is(i, name, chars, guid))
		i++;
	return i;
}

static uint64_t get(const uint64_t *a)
{
	unsigned i = find((const uint16_t *)a[0], (const uint8_t *)a[1]);
	uint64_t *size = (uint64_t *)a[3], room = *size;

	if (i == vars)
		return 1ull << 63 | 14;
	*size = var[i].length;
	*(uint32_t *)a[2] = var[i].attributes;
	if (room < var[i].length)
		return 1ull << 63 | 5;
	memcpy((void *)a[4], var[i].bytes, var[i].length);
	return 0;
}

static uint64_t next(const uint64_t *a)
{
	uint16_t *name = (uint16_t *)a[1];
	uint64_t *size = (uint64_t *)a[0], need;
	unsigned i = name[0] ? find(name, (const uint8_t *)a[2]) + 1 : 0;

	if (i >= vars)
		return 1ull << 63 | 14;
	need = 2 * (var[i].chars + 1);
	if (*size < need) {
		*size = need;
		return 1ull << 63 | 5;
	}
	memcpy(name, var[i].name, need);
	memcpy((void *)a[2], var[i].guid, 16);
	listed = i;
	return 0;
}

static uint64_t set(const uint64_t *a)
{
	unsigned i = find((const uint16_t *)a[0], (const uint8_t *)a[1]);

	if (a[3] > UEFI_VAR_BYTES || length16((const uint16_t *)a[0]) >= UEFI_VAR_NAME)
		abort();
	if (!a[3] && i == vars)
		return 1ull << 63 | 14;
	if (!a[3]) {
		var[i] = var[--vars];
		return 0;
	}
	if (i == VARS)
		return 1ull << 63 | 9;
	if (i == vars)
		vars++;
	memcpy(var[i].name, (const void *)a[0], 2 * (length16((const uint16_t *)a[0]) + 1));
	memcpy(var[i].guid, (const void *)a[1], 16);
	memcpy(var[i].bytes, (const void *)a[4], a[3]);
	var[i].chars = length16(var[i].name);
	var[i].attributes = (uint32_t)a[2];
	var[i].length = a[3];
	return 0;
}

uint64_t firmware_call(uint64_t function, const uint64_t a[FIRMWARE_ARGS])
{
	uint8_t mood = take();

	if (mood >= 0xf0)
		return mood == 0xff ? FIRMWARE_FAULTED : mood == 0xfe ? mood : 1ull << 63 | (mood & 15);
	switch (function - CODE) {
	case GET:
		return get(a);
	case NEXT:
		return next(a);
	case SET:
		return set(a);
	default:
		*(uint64_t *)a[2] = (uint64_t)mood << 8 | take();
		return 0;
	}
}

/* A variable as somebody left it; some with a sum that is right, as Tern's have. */
static void leave_variable(void)
{
	static uint64_t said = 0x123456789abcdef;
	char narrow[sizeof(var[0].name) / 2];
	uint8_t kind = take();
	unsigned n = kind & 2 ? 32 : kind & 4 ? 2990 : take() % 50;

	for (unsigned i = 0; i < n; i++)
		var[vars].name[i] = (uint16_t)(narrow[i] = (kind & 8) ? (char)(take() | 1) : "0123456789abcdef"[take() % 16]);
	if (kind & 16) {
		memcpy(narrow, "Boot", n = 4);
		for (unsigned i = 0; i < n; i++)
			var[vars].name[i] = (uint16_t)narrow[i];
	}
	var[vars].name[n] = 0;
	var[vars].chars = n;
	memcpy(var[vars].guid, kind & 1 ? (const void *)tern : (const void *)&said, 8);
	memcpy(var[vars].guid + 8, tern + 8, 8);
	var[vars].attributes = kind & 32 ? take() : 7;
	var[vars].length = kind & 64 ? 32 : take() * 2u + (take() & 1);
	for (unsigned i = 0; i < var[vars].length; i++)
		var[vars].bytes[i] = i < 64 ? take() : (uint8_t)i;
	if (kind & 128 && var[vars].length > 8) {
		le32_put(var[vars].bytes, 0x31524e54);
		le32_put(var[vars].bytes + 4, crc32c(crc32c(0, narrow, n), var[vars].bytes + 8, var[vars].length - 8));
	}
	/* A name that comes twice would make a list without end, which costs time and is a unit test's. */
	vars += find(var[vars].name, var[vars].guid) == vars;
}

static void visit(void *arg, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length)
{
	uint8_t copy[MIG_STORE_BYTES];

	if (arg != &visits || length > MIG_STORE_BYTES || ++visits > MIG_STORE_ENTRIES)
		abort();
	memcpy(copy, key, MIG_STORE_KEY);
	memcpy(copy, bytes, length);
}

static void use(const struct mig_store *s)
{
	uint8_t key[MIG_STORE_KEY] = { 0 }, bytes[MIG_STORE_BYTES + 1] = { 0 };

	for (unsigned i = 0; i < 200 && left; i++) {
		uint8_t what = take();

		key[0] = take() % 80;
		visits = 0;
		if (what % 4 == 0)
			(void)!s->put(s->ctx, key, bytes, take() + (what & 4 ? 2u : 0));
		else if (what % 4 == 1)
			s->drop(s->ctx, key);
		else if (what % 4 == 2)
			s->each(s->ctx, visit, &visits);
		else if (s->room)
			(void)s->room(s->ctx, take());
		if (strnlen(store_text(), STORE_TEXT) == STORE_TEXT)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct { uint64_t signature; uint32_t revision, header_bytes, crc, reserved; uint64_t function[14]; } table;
	static struct boot_info boot;
	static const uint8_t boot_id[16] = "this boot";

	in = data;
	left = size;
	vars = listed = 0;
	table.signature = 0x56524553544e5552ull;
	table.revision = 0x2001f;
	table.header_bytes = sizeof(table);
	table.function[6] = CODE + GET;
	table.function[7] = CODE + NEXT;
	table.function[8] = CODE + SET;
	table.function[13] = CODE + QUERY;
	boot.runtime_services = (uint64_t)&table;
	boot.runtime_supported = UINT32_MAX;
	boot.runtime[0] = (struct boot_runtime){ .start = CODE, .bytes = 4096, .executable = true };
	boot.runtime_ranges = 1;
	for (unsigned n = take() % VARS; n && left; n--)
		leave_variable();
	store_init(&boot, boot_id);
	if (store_seam())
		use(store_seam());
	return 0;
}
