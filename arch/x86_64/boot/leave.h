/* SPDX-License-Identifier: MIT */
/* leave.h: the last steps with boot services: memory of Tern's own, the memory map, ExitBootServices. */
#pragma once
#include <efi.h>
#include "arch/x86_64/boot.h"
#include "lib/why.h"

/* Allocates early memory and a page for the trampoline, reads the memory map into boot->memory however long it is, and
 * ends boot services, again while the map changes in between. On failure, with a sentence, boot services may be there
 * in part. */
EFI_STATUS leave_firmware(EFI_SYSTEM_TABLE *st, EFI_HANDLE image, struct boot_info *boot, struct why *why);
