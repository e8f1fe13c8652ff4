/* SPDX-License-Identifier: MIT */
/* rng.h: random numbers of the firmware (UEFI phase only). */
#pragma once
#include <efi.h>

/* Fills @out by EFI_RNG_PROTOCOL (UEFI 2.10 section 37.5), by its own generator or else its raw entropy; false: the
 * firmware has none, or what it gives is one byte over and over. */
BOOLEAN rng_read(EFI_SYSTEM_TABLE *st, UINT8 *out, UINTN bytes);
