/* SPDX-License-Identifier: MIT */
#include "processors.h"

#define STATUS_ENABLED 2u

struct processor_information {
	UINT64 processor_id;
	UINT32 status_flag, package, core, thread;
	UINT32 extended[6];	/* of newer protocol revisions */
};

/* Only the first two of the protocol's functions are called. */
struct mp_services {
	EFI_STATUS (EFIAPI *get_number_of_processors)(struct mp_services *self, UINTN *all, UINTN *enabled);
	EFI_STATUS(EFIAPI *get_processor_info)
	(struct mp_services *self, UINTN number, struct processor_information *out);
};

static EFI_GUID mp_services_guid = { 0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 } };

UINT32 processors_list(EFI_SYSTEM_TABLE *st, UINT32 *apic_id, UINT32 max)
{
	struct mp_services *mp = NULL;
	struct processor_information info;
	UINTN all = 0, enabled = 0;
	UINT32 n = 0;

	if (EFI_ERROR(st->BootServices->LocateProtocol(&mp_services_guid, NULL, (void **)&mp)) ||
	    EFI_ERROR(mp->get_number_of_processors(mp, &all, &enabled)))
		return 0;
	for (UINTN i = 0; i < all; i++) {
		if (EFI_ERROR(mp->get_processor_info(mp, i, &info)) || !(info.status_flag & STATUS_ENABLED))
			continue;
		if (n < max)
			apic_id[n] = (UINT32)info.processor_id;
		n++;
	}
	return n;
}
