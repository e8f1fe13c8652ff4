/* SPDX-License-Identifier: MIT */
/* runtime.h: what of the firmware stays after ExitBootServices: its runtime services and their memory. */
#pragma once
#include <efi.h>
#include "arch/x86_64/boot.h"

/* Notes runtime services and their ranges in @boot, from the final memory map. Calls nothing of the firmware; memory of
 * boot services must not have been used again yet. */
void runtime_note(EFI_SYSTEM_TABLE *st, const UINT8 *map, UINTN bytes, UINTN stride, struct boot_info *boot);
