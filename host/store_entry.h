/* SPDX-License-Identifier: MIT */
/* store_entry.h: how an entry of the store lies in a variable of the firmware: name, head, checksum, size. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/uefi_vars.h"
#include "lib/err.h"
#include "lib/why.h"
#include "migration/store.h"

#define STORE_ENTRY_NAME (2 * MIG_STORE_KEY)	/* characters of a record's name: its key in hexadecimal */

void store_entry_name(const uint8_t key[MIG_STORE_KEY], char name[UEFI_VAR_NAME]);
/* The way back; false: it is no record's name. */
bool store_entry_key(const char *name, uint8_t key[MIG_STORE_KEY]);
/* ERR_CORRUPT: what stands under @name was not written as an entry; others as uefi_var_get. */
enum err store_entry_read(const char *name, uint8_t bytes[MIG_STORE_BYTES], size_t *length, struct why *why) NODISCARD;
/* As uefi_var_put. */
enum err store_entry_write(const char *name, const void *bytes, size_t length, struct why *why) NODISCARD;
/* What writing @length bytes under a name of @name characters takes of the firmware's store. */
uint64_t store_entry_cost(size_t name, size_t length);
