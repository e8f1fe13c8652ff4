/* SPDX-License-Identifier: MIT */
#include "fake_uefi_vars.h"
#include <stdio.h>
#include <string.h>
#include "arch/x86_64/uefi_vars.h"

struct fake_uefi_vars fake_uefi_vars;

static struct { char name[64]; unsigned char bytes[1024]; size_t length; } var[FAKE_VARS];

static int find(const char *name)
{
	for (int i = 0; i < FAKE_VARS; i++)
		if (!strcmp(var[i].name, name))
			return i;
	return -1;
}

void fake_uefi_vars_reset(void)
{
	memset(var, 0, sizeof(var));
	fake_uefi_vars = (struct fake_uefi_vars){ .room = 60000 };
}

void fake_uefi_vars_write(const char *name, const void *bytes, size_t length)
{
	int i = find(name) >= 0 ? find(name) : find("");

	snprintf(var[i].name, sizeof(var[i].name), "%s", name);
	memcpy(var[i].bytes, bytes, length);
	var[i].length = length;
}

bool fake_uefi_vars_damage(const char *name, size_t byte)
{
	int i = find(name);

	if (i >= 0)
		var[i].bytes[byte] ^= 1;
	return i >= 0;
}

bool fake_uefi_vars_has(const char *name)
{
	return find(name) >= 0;
}

unsigned fake_uefi_vars_count(void)
{
	unsigned n = 0;

	for (int i = 0; i < FAKE_VARS; i++)
		n += var[i].name[0] != 0;
	return n;
}

enum err uefi_vars_init(const struct boot_info *boot, struct why *why)
{
	(void)boot;
	why_set(why, "the fake firmware: %s", err_text(fake_uefi_vars.init));
	return fake_uefi_vars.init;
}

enum err uefi_var_get(const char *name, void *out, size_t room, size_t *length, struct why *why)
{
	int i = find(name);

	*length = 0;
	why_set(why, "reading %.8s", name);
	if (i < 0)
		return ERR_NOTFOUND;
	if (var[i].length > room)
		return ERR_CORRUPT;
	*length = var[i].length;
	memcpy(out, var[i].bytes, *length);
	return ERR_OK;
}

enum err uefi_var_put(const char *name, const void *bytes, size_t length, struct why *why)
{
	fake_uefi_vars.puts++;
	why_set(why, "writing %.8s: %s", name, fake_uefi_vars.put_why ? fake_uefi_vars.put_why : err_text(fake_uefi_vars.put));
	if (fake_uefi_vars.put == ERR_OK)
		fake_uefi_vars_write(name, bytes, length);
	return fake_uefi_vars.put;
}

enum err uefi_var_remove(const char *name, struct why *why)
{
	int i = find(name);

	(void)why;
	fake_uefi_vars.removes++;
	if (i >= 0)
		memset(&var[i], 0, sizeof(var[i]));
	return ERR_OK;
}

enum err uefi_var_each(void (*each)(void *arg, const char *name), void *arg, struct why *why)
{
	(void)why;
	for (int i = 0; i < FAKE_VARS; i++)
		if (var[i].name[0])
			each(arg, var[i].name);
	return ERR_OK;
}

uint64_t uefi_vars_room(void)
{
	return fake_uefi_vars.room;
}
