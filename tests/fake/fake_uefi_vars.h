/* SPDX-License-Identifier: MIT */
/* fake_uefi_vars.h: variables of a firmware that can be full, broken, or forgetful. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "lib/err.h"

#define FAKE_VARS 80

struct fake_uefi_vars {
	enum err init, put;		/* what they answer instead of ERR_OK */
	const char *put_why;		/* and with which words; NULL: with few */
	unsigned puts, removes;		/* calls that reached it */
	size_t room;
};

extern struct fake_uefi_vars fake_uefi_vars;

void fake_uefi_vars_reset(void);
/* Somebody else's writing, without any check. */
void fake_uefi_vars_write(const char *name, const void *bytes, size_t length);
/* Turns one bit of that variable over; false: there is none. */
bool fake_uefi_vars_damage(const char *name, size_t byte);
bool fake_uefi_vars_has(const char *name);
unsigned fake_uefi_vars_count(void);
