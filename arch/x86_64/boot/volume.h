/* SPDX-License-Identifier: MIT */
/* volume.h: reading whole files of the volume that Tern was started from (UEFI phase only). */
#pragma once
#include <efi.h>
#include "lib/err.h"
#include "lib/why.h"

/* Opens the root of the volume that @image came from; NULL with a reason. */
EFI_FILE_HANDLE volume_open(EFI_SYSTEM_TABLE *st, EFI_HANDLE image, struct why *why);
/* Reads @path ('/' or '\\') into fresh EfiLoaderData pages. */
enum err volume_read(EFI_SYSTEM_TABLE *st, EFI_FILE_HANDLE root, const char *path,
		     const void **data, uint64_t *bytes, struct why *why) NODISCARD;
