/* SPDX-License-Identifier: MIT */
/* uefi_vars.h: Tern's own variables in the firmware (UEFI "Variable Services"), while Tern runs. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/boot.h"
#include "lib/err.h"
#include "lib/why.h"

#define UEFI_VAR_NAME	40	/* ASCII characters with the NUL */
#define UEFI_VAR_BYTES	512	/* the longest content */

/* Names are under Tern's vendor GUID; variables are kept over power-off as far as the firmware does that at all, and
 * are there before and after ExitBootServices. On the boot CPU only. Each failure comes with a sentence, in which the
 * first 8 characters stand for a name: the rest may be a secret that the name of a record is made of
 * (docs/wire/records.md). */

/* Looks for the services; after paging_init. ERR_UNSUPPORTED: they lack or can't be right. */
enum err uefi_vars_init(const struct boot_info *boot, struct why *why) NODISCARD;
/* ERR_NOTFOUND; ERR_CORRUPT: not a variable that Tern wrote (attributes, length over @room). */
enum err uefi_var_get(const char *name, void *out, size_t room, size_t *length, struct why *why) NODISCARD;
/* Makes or replaces; the firmware does either wholly or not. ERR_SPACE: its store is full; ERR_REFUSED:
 * write-protected. */
enum err uefi_var_put(const char *name, const void *bytes, size_t length, struct why *why) NODISCARD;
/* ERR_OK also when there was none. */
enum err uefi_var_remove(const char *name, struct why *why) NODISCARD;
/* The name of each of Tern's variables; @each may call uefi_var_get. A character that is not ASCII is given as '?', a
 * name that is too long is cut. Other vendors' names may have any length: ERR_SPACE only where one does not fit a
 * chunk, or none is free. */
enum err uefi_var_each(void (*each)(void *arg, const char *name), void *arg, struct why *why) NODISCARD;
/* Bytes that the store can still take, heads and names included; UINT64_MAX if the firmware doesn't say. */
uint64_t uefi_vars_room(void);
