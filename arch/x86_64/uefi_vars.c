/* SPDX-License-Identifier: MIT */
#include "uefi_vars.h"
#include <string.h>
#include "firmware.h"
#include "lib/addr.h"
#include "lib/pages.h"

#define RUNTIME_SIGNATURE	0x56524553544e5552ull	/* "RUNTSERV" */
#define REVISION_2		0x20000u
#define SUPPORTS_GET		0x10u
#define SUPPORTS_NEXT		0x20u
#define SUPPORTS_SET		0x40u
#define SUPPORTS_QUERY		0x80u
#define NON_VOLATILE		1u
#define BOOTSERVICE_ACCESS	2u
#define RUNTIME_ACCESS		4u
#define ATTRIBUTES		(NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS)
#define NAME_ROOM		2048u	/* characters of another vendor's name; a longer one gets a chunk */
#define NAMES_MAX		4096u	/* a list that is longer has no end */

#define EFI_ERROR(n)		(1ull << 63 | (n))
#define STATUS_OK		0
#define STATUS_TOO_SMALL	EFI_ERROR(5)
#define STATUS_NOT_FOUND	EFI_ERROR(14)

/* EFI_RUNTIME_SERVICES, UEFI 2.10 section 4.5. */
struct runtime_services {
	uint64_t signature;
	uint32_t revision, header_bytes, crc32, reserved;
	uint64_t time[4], virtual_map[2];
	uint64_t get_variable, get_next_variable_name, set_variable;
	uint64_t monotonic_count, reset_system, capsule[2], query_variable_info;
};
_Static_assert(offsetof(struct runtime_services, get_variable) == 72, "as the UEFI specification has it");
_Static_assert(offsetof(struct runtime_services, query_variable_info) == 128, "as the UEFI specification has it");

struct guid { uint32_t a; uint16_t b, c; uint8_t d[8]; };

static struct guid vendor = { 0x7e51cf0a, 0x3b7d, 0x4c59, { 0x9a, 0x4e, 0xd1, 0x16, 0x0e, 0x57, 0xb2, 0x83 } };
static const struct runtime_services *services;
static bool has_query;
static uint16_t wide[UEFI_VAR_NAME], found[NAME_ROOM];	/* where physical addresses are sure to be mapped */
static uint8_t content[UEFI_VAR_BYTES];

static const struct { uint64_t status; enum err err; const char *text;
} meanings[] = {
	{ EFI_ERROR(2), ERR_INVALID, "the firmware finds the request invalid (EFI_INVALID_PARAMETER)" },
	{ EFI_ERROR(3), ERR_UNSUPPORTED,
	  "the firmware has no variables while an operating system runs (EFI_UNSUPPORTED)" },
	{ EFI_ERROR(5), ERR_CORRUPT, "it is longer than anything that Tern writes (EFI_BUFFER_TOO_SMALL)" },
	{ EFI_ERROR(7), ERR_IO, "the firmware's variable store failed (EFI_DEVICE_ERROR)" },
	{ EFI_ERROR(8), ERR_REFUSED, "the firmware's variable store is write-protected (EFI_WRITE_PROTECTED)" },
	{ EFI_ERROR(9), ERR_SPACE,
	  "the firmware's variable store is full; firmware often frees old entries only at a restart "
	  "(EFI_OUT_OF_RESOURCES)" },
	{ STATUS_NOT_FOUND, ERR_NOTFOUND, "there is no such variable (EFI_NOT_FOUND)" },
	{ EFI_ERROR(26), ERR_REFUSED, "the firmware demands a signature (EFI_SECURITY_VIOLATION)" },
	{ FIRMWARE_BUSY, ERR_STATE, "the firmware can be called by the boot CPU only, one call at a time" },
};

static enum err meaning(const char *what, const char *name, uint64_t status, struct why *why)
{
	if (status == STATUS_OK)
		return ERR_OK;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].status == status) {
			why_set(why, "%s %.8s: %s", what, name, meanings[i].text);
			return meanings[i].err;
		}
	if (status == FIRMWARE_FAULTED)
		why_set(why, "%s %.8s: the firmware crashed (%s) and is not called again", what, name,
			firmware_fault_text());
	else
		why_set(why, "%s %.8s: EFI status %llx", what, name, (unsigned long long)status);
	return ERR_IO;
}

static bool widen(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= UEFI_VAR_NAME)
		return false;
	for (size_t i = 0; i <= n; i++)
		wide[i] = (uint8_t)name[i];
	return true;
}

static enum err begin(const char *what, const char *name, struct why *why)
{
	if (!services) {
		why_set(why, "%s %.8s: this firmware has no variable services", what, name);
		return ERR_UNSUPPORTED;
	}
	if (widen(name))
		return ERR_OK;
	why_set(why, "%s %.8s: a name has 1 to %u characters", what, name, UEFI_VAR_NAME - 1);
	return ERR_INVALID;
}

/* A function must lie in memory that the firmware has marked as its runtime code. */
static bool is_code(const struct boot_info *boot, uint64_t function)
{
	for (uint32_t i = 0; i < boot->runtime_ranges; i++)
		if (boot->runtime[i].executable && function - boot->runtime[i].start < boot->runtime[i].bytes)
			return true;
	return false;
}

enum err uefi_vars_init(const struct boot_info *boot, struct why *why)
{
	const struct runtime_services *s = (const void *)boot->runtime_services;
	const uint32_t needed = SUPPORTS_GET | SUPPORTS_NEXT | SUPPORTS_SET;

	services = NULL;
	has_query = false;
	if (!s || s->signature != RUNTIME_SIGNATURE ||
	    s->header_bytes < offsetof(struct runtime_services, monotonic_count)) {
		why_set(why, "this firmware has no table of runtime services");
		return ERR_UNSUPPORTED;
	}
	if ((boot->runtime_supported & needed) != needed) {
		why_set(why, "this firmware has no variables while an operating system runs (runtime services %x)",
			boot->runtime_supported);
		return ERR_UNSUPPORTED;
	}
	if (boot->runtime_lost) {
		why_set(why, "this firmware's runtime services use %u ranges of memory; at most %u are kept for it",
			boot->runtime_ranges + boot->runtime_lost, BOOT_RUNTIME);
		return ERR_UNSUPPORTED;
	}
	if (!is_code(boot, s->get_variable) || !is_code(boot, s->get_next_variable_name) ||
	    !is_code(boot, s->set_variable)) {
		why_set(why, "this firmware's variable services are not in its runtime code (%llx, %llx, %llx)",
			(unsigned long long)s->get_variable, (unsigned long long)s->get_next_variable_name,
			(unsigned long long)s->set_variable);
		return ERR_UNSUPPORTED;
	}
	services = s;
	has_query = s->revision >= REVISION_2 && s->header_bytes >= sizeof(*s) &&
		    boot->runtime_supported & SUPPORTS_QUERY && is_code(boot, s->query_variable_info);
	return ERR_OK;
}

enum err uefi_var_get(const char *name, void *out, size_t room, size_t *length, struct why *why)
{
	uint32_t attributes = 0;
	uint64_t size = sizeof(content);
	enum err e = begin("reading variable", name, why);

	*length = 0;
	if (e == ERR_OK)
		e = meaning("reading variable", name,
			    firmware_call(services->get_variable,
					  (uint64_t[FIRMWARE_ARGS]){ (uint64_t)wide, (uint64_t)&vendor,
								     (uint64_t)&attributes, (uint64_t)&size,
								     (uint64_t)content }),
			    why);
	if (e != ERR_OK)
		return e;
	if (attributes != ATTRIBUTES || size > room || size > sizeof(content)) {
		why_set(why, "variable %.8s is not Tern's: attributes %x, %llu bytes", name, attributes,
			(unsigned long long)size);
		return ERR_CORRUPT;
	}
	memcpy(out, content, size);
	*length = size;
	return ERR_OK;
}

static enum err set(const char *what, const char *name, const void *bytes, size_t length, struct why *why)
{
	enum err e = begin(what, name, why);

	if (e != ERR_OK)
		return e;
	if (length > sizeof(content)) {
		why_set(why, "%s %.8s: %llu bytes, at most %u fit", what, name, (unsigned long long)length,
			UEFI_VAR_BYTES);
		return ERR_INVALID;
	}
	memcpy(content, bytes, length);
	return meaning(what, name, firmware_call(services->set_variable, (uint64_t[FIRMWARE_ARGS]){
		(uint64_t)wide, (uint64_t)&vendor, ATTRIBUTES, length, (uint64_t)content }), why);
}

enum err uefi_var_put(const char *name, const void *bytes, size_t length, struct why *why)
{
	if (!length) {
		why_set(why, "writing variable %.8s: nothing to write", name);
		return ERR_INVALID;
	}
	return set("writing variable", name, bytes, length, why);
}

enum err uefi_var_remove(const char *name, struct why *why)
{
	enum err e = set("removing variable", name, "", 0, why);

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

static void narrow(const uint16_t *name, char out[UEFI_VAR_NAME])
{
	unsigned n = 0;

	for (; n < UEFI_VAR_NAME - 1 && name[n]; n++)
		out[n] = name[n] > 0x20 && name[n] < 0x7f ? (char)name[n] : '?';
	out[n] = 0;
}

/* Where a list is in the firmware's names: the name given last, which the firmware needs for the next. */
struct walk { uint16_t *name, *chunk; uint64_t bytes; struct guid guid; };

static uint64_t next_name(struct walk *w)
{
	uint64_t size = w->bytes, status = firmware_call(services->get_next_variable_name, (uint64_t[FIRMWARE_ARGS]){
		(uint64_t)&size, (uint64_t)w->name, (uint64_t)&w->guid });

	if (status == STATUS_OK)
		w->name[w->bytes / 2 - 1] = 0;
	return status;
}

/* Moves the name to a place that holds all the names of a store; false: there is none, or this is that place. */
static bool make_room(struct walk *w)
{
	if (w->chunk)
		return false;
	w->chunk = chunk_alloc();
	if (!w->chunk)
		return false;
	memcpy(w->chunk, w->name, w->bytes);
	w->name = w->chunk;
	w->bytes = CHUNK_SIZE;
	return true;
}

static enum err walk_names(struct walk *w, void (*each)(void *arg, const char *name), void *arg, struct why *why)
{
	char name[UEFI_VAR_NAME];

	for (unsigned i = 0; i < NAMES_MAX; i++) {
		uint64_t status = next_name(w);

		if (status == STATUS_TOO_SMALL && make_room(w))
			status = next_name(w);
		if (status == STATUS_NOT_FOUND)
			return ERR_OK;
		if (status == STATUS_TOO_SMALL) {
			why_set(why, "listing variables: a name is longer than the %llu bytes that there are for it",
				(unsigned long long)w->bytes);
			return ERR_SPACE;
		}
		if (status != STATUS_OK)
			return meaning("listing", "variables", status, why);
		if (memcmp(&w->guid, &vendor, sizeof(vendor)))
			continue;
		narrow(w->name, name);
		each(arg, name);
	}
	why_set(why, "listing variables: this firmware's list does not end");
	return ERR_CORRUPT;
}

enum err uefi_var_each(void (*each)(void *arg, const char *name), void *arg, struct why *why)
{
	struct walk w = { .name = found, .bytes = sizeof(found), .guid = vendor };
	enum err e;

	if (!services)
		return begin("listing", "variables", why);
	memset(found, 0, sizeof(found));
	e = walk_names(&w, each, arg, why);
	chunk_free(w.chunk);
	return e;
}

uint64_t uefi_vars_room(void)
{
	uint64_t total = 0, room = 0, longest = 0;

	if (!services || !has_query ||
	    firmware_call(services->query_variable_info, (uint64_t[FIRMWARE_ARGS]){
		ATTRIBUTES, (uint64_t)&total, (uint64_t)&room, (uint64_t)&longest }) != STATUS_OK)
		return UINT64_MAX;
	return room;
}
