/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/uefi_vars.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/firmware.h"
#include "lib/pages.h"

#define EFI_ERROR(n) (1ull << 63 | (n))
#define EFI_CALL __attribute__((ms_abi))

static struct { uint64_t signature; uint32_t revision, header_bytes, crc, reserved; uint64_t function[14]; } table;
enum { GET = 6, NEXT = 7, SET = 8, QUERY = 13 };

static struct boot_info boot;
static uint64_t answer, calls;		/* answer: of every function, instead of working */
static struct { uint16_t name[40000]; uint8_t guid[16], bytes[600]; uint32_t attributes; uint64_t length; } var[8];
static uint64_t vars;
static bool endless;
static uint8_t guid_of_tern[16];

/* The target's switches stack and extended state; what it calls is the same. */
uint64_t firmware_call(uint64_t function, const uint64_t a[FIRMWARE_ARGS])
{
	calls++;
	return ((uint64_t (EFI_CALL *)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t))function)(a[0], a[1], a[2], a[3], a[4]);
}

const char *firmware_fault_text(void)
{
	return "exception 14";
}

static unsigned chunks;
static bool no_chunk;

void *chunk_alloc(void)
{
	if (no_chunk)
		return NULL;
	chunks++;
	return aligned_alloc(4096, 2 << 20);
}

void chunk_free(void *chunk)
{
	chunks -= chunk != NULL;
	free(chunk);
}

static size_t length16(const uint16_t *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static int find(const uint16_t *name, const uint8_t *guid)
{
	for (unsigned i = 0; i < vars; i++)
		if (!memcmp(var[i].guid, guid, 16) && !memcmp(var[i].name, name, 2 * (length16(name) + 1)))
			return (int)i;
	return -1;
}

static EFI_CALL uint64_t get_variable(uint16_t *name, uint8_t *guid, uint32_t *attributes, uint64_t *size, void *data)
{
	int i = find(name, guid);

	if (answer)
		return answer;
	if (i < 0)
		return EFI_ERROR(14);
	if (*size < var[i].length)
		return EFI_ERROR(5);
	*size = var[i].length;
	*attributes = var[i].attributes;
	memcpy(data, var[i].bytes, var[i].length);
	return 0;
}

static EFI_CALL uint64_t set_variable(uint16_t *name, uint8_t *guid, uint32_t attributes, uint64_t size, void *data)
{
	int i = find(name, guid);

	if (answer)
		return answer;
	memcpy(guid_of_tern, guid, 16);
	if (!size && i < 0)
		return EFI_ERROR(14);
	if (!size) {
		var[i] = var[--vars];
		return 0;
	}
	if (i < 0)
		i = (int)vars++;
	memcpy(var[i].name, name, 2 * (length16(name) + 1));
	memcpy(var[i].guid, guid, 16);
	memcpy(var[i].bytes, data, size);
	var[i].length = size;
	var[i].attributes = attributes;
	return 0;
}

static EFI_CALL uint64_t get_next(uint64_t *size, uint16_t *name, uint8_t *guid)
{
	unsigned i = name[0] ? (unsigned)find(name, guid) + 1 : 0;

	if (answer)
		return answer;
	if (endless)
		i = 0;
	if (i >= vars)
		return EFI_ERROR(14);
	if (*size < 2 * (length16(var[i].name) + 1)) {
		*size = 2 * (length16(var[i].name) + 1);
		return EFI_ERROR(5);
	}
	memcpy(name, var[i].name, 2 * (length16(var[i].name) + 1));
	memcpy(guid, var[i].guid, 16);
	return 0;
}

static EFI_CALL uint64_t query(uint32_t attributes, uint64_t *total, uint64_t *room, uint64_t *longest)
{
	*total = 65536;
	*room = 12345;
	*longest = 1024;
	return attributes == 7 ? answer : EFI_ERROR(2);
}

static void setup(void)
{
	memset(&boot, 0, sizeof(boot));
	table.signature = 0x56524553544e5552ull;
	table.revision = 0x2001f;
	table.header_bytes = sizeof(table);
	table.function[GET] = (uint64_t)get_variable;
	table.function[NEXT] = (uint64_t)get_next;
	table.function[SET] = (uint64_t)set_variable;
	table.function[QUERY] = (uint64_t)query;
	boot.runtime_services = (uint64_t)&table;
	boot.runtime_supported = UINT32_MAX;
	boot.runtime[0] = (struct boot_runtime){ .start = (uint64_t)setup & ~0xffffffull, .bytes = 1ull << 26, .executable = true };
	boot.runtime_ranges = 1;
}

static void start(void)
{
	struct why why;

	cr_assert_eq(uefi_vars_init(&boot, &why), ERR_OK, "%s", why.text);
}

static void foreign(const char *name, uint8_t guid, uint32_t attributes, uint64_t length)
{
	for (size_t i = 0; i <= strlen(name); i++)
		var[vars].name[i] = (uint8_t)name[i];
	if (guid)
		memset(var[vars].guid, guid, 16);
	else
		memcpy(var[vars].guid, guid_of_tern, 16);
	var[vars].attributes = attributes;
	var[vars++].length = length;
}

static char names[200];

static void collect(void *arg, const char *name)
{
	(void)arg;
	strcat(strcat(names, name), " ");
}

TestSuite(uefi_vars, .init = setup);

Test(uefi_vars, what_is_put_is_got_and_listed_until_it_is_removed)
{
	char out[32];
	size_t length;
	struct why why;

	start();
	foreign("BootOrder", 9, 7, 4);
	cr_assert_eq(uefi_var_put("One", "first", 6, &why), ERR_OK);
	cr_assert_eq(uefi_var_put("Two", "second", 7, &why), ERR_OK);
	cr_assert_eq(var[1].attributes, 7, "non-volatile, in boot services and at run time");
	cr_assert_eq(uefi_var_put("One", "again", 6, &why), ERR_OK);
	cr_assert_eq(uefi_var_get("One", out, sizeof(out), &length, &why), ERR_OK);
	cr_assert_eq(length, 6);
	cr_assert_str_eq(out, "again");
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_OK);
	cr_assert_str_eq(names, "One Two ");
	cr_assert_eq(uefi_var_remove("One", &why), ERR_OK);
	cr_assert_eq(uefi_var_remove("One", &why), ERR_OK, "there is none");
	cr_assert_eq(uefi_var_get("One", out, sizeof(out), &length, &why), ERR_NOTFOUND);
	cr_assert_eq(uefi_vars_room(), 12345);
}

static void refused(const char *sentence)
{
	struct why why = { "" };
	size_t length;
	char out[8];

	cr_assert_eq(uefi_vars_init(&boot, &why), ERR_UNSUPPORTED);
	cr_assert(strstr(why.text, sentence), "%s", why.text);
	cr_assert_eq(uefi_var_put("One", "x", 1, &why), ERR_UNSUPPORTED);
	cr_assert_eq(uefi_var_get("One", out, sizeof(out), &length, &why), ERR_UNSUPPORTED);
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_UNSUPPORTED);
	cr_assert_eq(uefi_vars_room(), UINT64_MAX);
	cr_assert_eq(calls, 0, "nothing of the firmware was called");
}

Test(uefi_vars, no_table_of_services)
{
	boot.runtime_services = 0;
	refused("no table of runtime services");
}

Test(uefi_vars, a_table_with_another_signature)
{
	table.signature ^= 1;
	refused("no table of runtime services");
}

Test(uefi_vars, a_table_that_ends_too_early)
{
	table.header_bytes = 72;
	refused("no table of runtime services");
}

Test(uefi_vars, a_firmware_that_says_it_has_no_variables_at_run_time)
{
	boot.runtime_supported = ~0x40u;
	refused("runtime services ffffffbf");
}

Test(uefi_vars, a_null_pointer)
{
	table.function[SET] = 0;
	refused("not in its runtime code");
}

Test(uefi_vars, a_pointer_out_of_the_runtime_code)
{
	table.function[NEXT] = 0x1000;
	refused("not in its runtime code");
}

Test(uefi_vars, memory_ranges_that_were_not_kept)
{
	boot.runtime_lost = 3;
	refused("ranges of memory");
}

Test(uefi_vars, every_status_is_an_error_with_a_sentence)
{
	static const struct { uint64_t status; enum err err; const char *sentence; } rows[] = {
		{ EFI_ERROR(2), ERR_INVALID, "EFI_INVALID_PARAMETER" }, { EFI_ERROR(3), ERR_UNSUPPORTED, "EFI_UNSUPPORTED" },
		{ EFI_ERROR(7), ERR_IO, "EFI_DEVICE_ERROR" }, { EFI_ERROR(8), ERR_REFUSED, "EFI_WRITE_PROTECTED" },
		{ EFI_ERROR(9), ERR_SPACE, "full" }, { EFI_ERROR(26), ERR_REFUSED, "signature" },
		{ EFI_ERROR(99), ERR_IO, "8000000000000063" }, { FIRMWARE_FAULTED, ERR_IO, "crashed (exception 14)" },
		{ FIRMWARE_BUSY, ERR_STATE, "boot CPU" }, { 5, ERR_IO, "EFI status 5" },
	};

	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct why why;
		char out[8];
		size_t length = 1;

		answer = rows[i].status;
		cr_assert_eq(uefi_var_put("One", "x", 1, &why), rows[i].err, "%zu: %s", i, why.text);
		cr_assert(strstr(why.text, rows[i].sentence), "%s", why.text);
		cr_assert(strstr(why.text, "writing variable One: "), "%s", why.text);
		cr_assert_eq(uefi_var_get("One", out, sizeof(out), &length, &why), rows[i].err);
		cr_assert_eq(length, 0);
		cr_assert_eq(uefi_var_each(collect, NULL, &why), rows[i].err);
	}
}

Test(uefi_vars, a_variable_of_another_shape_is_not_terns)
{
	struct why why;
	char out[8];
	size_t length;

	start();
	cr_assert_eq(uefi_var_put("One", "x", 1, &why), ERR_OK);
	foreign("Volatile", 0, 6, 4);
	foreign("Long", 0, 7, 9);
	foreign("Endless", 0, 7, 600);
	cr_assert_eq(uefi_var_get("Volatile", out, sizeof(out), &length, &why), ERR_CORRUPT);
	cr_assert(strstr(why.text, "attributes 6"), "%s", why.text);
	cr_assert_eq(uefi_var_get("Long", out, sizeof(out), &length, &why), ERR_CORRUPT);
	cr_assert_eq(uefi_var_get("Endless", out, sizeof(out), &length, &why), ERR_CORRUPT);
	cr_assert_eq(length, 0);
}

Test(uefi_vars, sentences_show_the_beginning_of_a_name)
{
	struct why why;
	char out[8];
	size_t length;

	start();
	cr_assert_eq(uefi_var_put("One", "x", 1, &why), ERR_OK);
	cr_assert_eq(uefi_var_get("0123456789abcdef0123456789abcdef", out, sizeof(out), &length, &why), ERR_NOTFOUND);
	cr_expect_not_null(strstr(why.text, "reading variable 01234567: "), "%s", why.text);
	foreign("0123456789abcdef0123456789abcdef", 0, 6, 4);
	cr_assert_eq(uefi_var_get("0123456789abcdef0123456789abcdef", out, sizeof(out), &length, &why), ERR_CORRUPT);
	cr_expect_not_null(strstr(why.text, "variable 01234567 is"), "%s", why.text);
	cr_assert_eq(uefi_var_put("0123456789abcdef0123456789abcdef", "", 0, &why), ERR_INVALID);
	cr_expect_not_null(strstr(why.text, "writing variable 01234567: "), "%s", why.text);
}

Test(uefi_vars, strange_names_are_cut_and_made_ascii)
{
	struct why why;

	start();
	cr_assert_eq(uefi_var_put("One", "x", 1, &why), ERR_OK);
	foreign("T n", 0, 7, 4);
	var[1].name[1] = 0x2603;
	foreign("0123456789012345678901234567890123456789012345678901234567890123456789", 0, 7, 4);
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_OK);
	cr_assert_str_eq(names, "One T?n 012345678901234567890123456789012345678 ");
}

Test(uefi_vars, another_vendors_long_name_is_passed)
{
	struct why why;

	start();
	cr_assert_eq(uefi_var_put("One", "x", 1, &why), ERR_OK);
	foreign("Long", 9, 7, 4);
	for (unsigned i = 0; i < 39999; i++)
		var[1].name[i] = (uint16_t)('A' + i % 26);
	cr_assert_eq(uefi_var_put("Two", "x", 1, &why), ERR_OK);
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_OK, "%s", why.text);
	cr_assert_str_eq(names, "One Two ");
	cr_assert_eq(chunks, 0, "and its place is given back");
	no_chunk = true;
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_SPACE);
	cr_assert(strstr(why.text, "longer than the 4096 bytes"), "%s", why.text);
}

Test(uefi_vars, a_name_that_never_fits_ends_the_list)
{
	struct why why;

	start();
	answer = EFI_ERROR(5);
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_SPACE);
	cr_assert_eq(chunks, 0);
}

Test(uefi_vars, a_list_without_an_end_is_left)
{
	struct why why;

	start();
	foreign("BootOrder", 9, 7, 4);
	endless = true;
	cr_assert_eq(uefi_var_each(collect, NULL, &why), ERR_CORRUPT);
	cr_assert(strstr(why.text, "does not end"));
}

Test(uefi_vars, names_and_contents_out_of_bounds_never_reach_the_firmware)
{
	static char bytes[UEFI_VAR_BYTES + 1];
	struct why why;

	start();
	cr_assert_eq(uefi_var_put("", "x", 1, &why), ERR_INVALID);
	cr_assert_eq(uefi_var_put("0123456789012345678901234567890123456789", "x", 1, &why), ERR_INVALID);
	cr_assert_eq(uefi_var_put("One", bytes, sizeof(bytes), &why), ERR_INVALID);
	cr_assert_eq(uefi_var_put("One", bytes, 0, &why), ERR_INVALID);
	cr_assert_eq(calls, 0);
	cr_assert_eq(uefi_var_put("One", bytes, UEFI_VAR_BYTES, &why), ERR_OK);
}

Test(uefi_vars, a_firmware_without_query_does_not_say_its_room)
{
	boot.runtime_supported = ~0x80u;
	start();
	cr_assert_eq(uefi_vars_room(), UINT64_MAX);
}
