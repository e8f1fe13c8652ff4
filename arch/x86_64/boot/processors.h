/* SPDX-License-Identifier: MIT */
/* processors.h: the processors that the firmware knows (UEFI phase only). */
#pragma once
#include <efi.h>

/* Local APIC ids of the enabled processors by EFI_MP_SERVICES_PROTOCOL (UEFI PI 1.7, Volume 2, 13.4), the first @max;
 * returns how many there are, 0 where the firmware has no such protocol. */
UINT32 processors_list(EFI_SYSTEM_TABLE *st, UINT32 *apic_id, UINT32 max);
