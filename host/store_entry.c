/* SPDX-License-Identifier: MIT */
#include "host/store_entry.h"
#include <string.h>
#include "lib/crc32c.h"
#include "lib/fmt.h"

#define HEAD_BYTES	60u	/* of a variable in EDK II's store, the widest in use */
#define MAGIC		0x31524e54u	/* "TNR1" */

_Static_assert(STORE_ENTRY_NAME < UEFI_VAR_NAME, "a key in hexadecimal is a name");

/* What a variable holds: the CRC tells a record from whatever else may stand under its name. */
struct entry {
	uint32_t magic, crc;	/* of name and bytes */
	uint8_t bytes[MIG_STORE_BYTES];
};
_Static_assert(sizeof(struct entry) == MIG_STORE_BYTES + 8, "no holes");
_Static_assert(sizeof(struct entry) <= UEFI_VAR_BYTES, "fits a variable");
#define ENTRY_HEAD offsetof(struct entry, bytes)

void store_entry_name(const uint8_t key[MIG_STORE_KEY], char name[UEFI_VAR_NAME])
{
	for (unsigned i = 0; i < MIG_STORE_KEY; i++)
		fmt(name + 2 * i, 3, "%02x", key[i]);
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool store_entry_key(const char *name, uint8_t key[MIG_STORE_KEY])
{
	if (strlen(name) != STORE_ENTRY_NAME)
		return false;
	for (unsigned i = 0; i < MIG_STORE_KEY; i++) {
		if (digit(name[2 * i]) < 0 || digit(name[2 * i + 1]) < 0)
			return false;
		key[i] = (uint8_t)(digit(name[2 * i]) << 4 | digit(name[2 * i + 1]));
	}
	return true;
}

static uint32_t crc_of(const char *name, const void *bytes, size_t length)
{
	return crc32c(crc32c(0, name, strlen(name)), bytes, length);
}

enum err store_entry_read(const char *name, uint8_t bytes[MIG_STORE_BYTES], size_t *length, struct why *why)
{
	struct entry entry;
	size_t size;
	enum err e = uefi_var_get(name, &entry, sizeof(entry), &size, why);

	if (e != ERR_OK)
		return e;
	if (size <= ENTRY_HEAD || entry.magic != MAGIC || entry.crc != crc_of(name, entry.bytes, size - ENTRY_HEAD)) {
		why_set(why, "variable %.8s is no record: its checksum is wrong", name);
		return ERR_CORRUPT;
	}
	*length = size - ENTRY_HEAD;
	memcpy(bytes, entry.bytes, *length);
	return ERR_OK;
}

enum err store_entry_write(const char *name, const void *bytes, size_t length, struct why *why)
{
	struct entry entry = { .magic = MAGIC, .crc = crc_of(name, bytes, length) };

	memcpy(entry.bytes, bytes, length);
	return uefi_var_put(name, &entry, ENTRY_HEAD + length, why);
}

uint64_t store_entry_cost(size_t name, size_t length)
{
	return HEAD_BYTES + 2 * (name + 1) + ENTRY_HEAD + length;
}
