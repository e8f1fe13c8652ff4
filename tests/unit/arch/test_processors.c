/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/boot/processors.h"
#include <criterion/criterion.h>
#include <string.h>

/* UEFI Platform Initialization, "EFI_MP_SERVICES_PROTOCOL". */
struct information { UINT64 id; UINT32 flags, package, core, thread, extended[6]; };
static struct mp {
	EFI_STATUS (EFIAPI *count)(struct mp *self, UINTN *all, UINTN *enabled);
	EFI_STATUS (EFIAPI *info)(struct mp *self, UINTN number, struct information *out);
} mp;
static const struct information *cpus;
static UINTN number;
static BOOLEAN absent, silent;

static EFIAPI EFI_STATUS locate(EFI_GUID *guid, void *registration, void **out)
{
	(void)guid, (void)registration;
	*out = absent ? NULL : &mp;
	return absent ? EFI_NOT_FOUND : EFI_SUCCESS;
}

static EFIAPI EFI_STATUS count(struct mp *self, UINTN *all, UINTN *enabled)
{
	cr_assert_eq(self, &mp);
	*all = number;
	*enabled = 0;
	return silent ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static EFIAPI EFI_STATUS info(struct mp *self, UINTN n, struct information *out)
{
	cr_assert(self == &mp && n < number);
	if (cpus[n].package == 99)
		return EFI_NOT_FOUND;
	*out = cpus[n];
	return EFI_SUCCESS;
}

static UINT32 list(UINT32 *ids, UINT32 max)
{
	static EFI_BOOT_SERVICES services;
	static EFI_SYSTEM_TABLE st = { .BootServices = &services };

	services.LocateProtocol = (EFI_LOCATE_PROTOCOL)locate;
	mp = (struct mp){ count, info };
	return processors_list(&st, ids, max);
}

static const struct information four[] = { { .id = 0, .flags = 7 }, { .id = 8, .flags = 4 }, { .id = 3, .flags = 6 }, { .id = 5, .flags = 6, .package = 99 },
					   { .id = 0x1ff, .flags = 6 } };

Test(processors, those_that_are_enabled_are_listed)
{
	UINT32 ids[4] = { 0 };

	cpus = four;
	number = 5;
	cr_expect_eq(list(ids, 4), 3, "one is disabled, one not told of");
	cr_expect(ids[0] == 0 && ids[1] == 3 && ids[2] == 0x1ff);
}

Test(processors, more_than_there_is_room_for_are_counted)
{
	UINT32 ids[2] = { 77, 77 };

	cpus = four;
	number = 5;
	cr_expect_eq(list(ids, 1), 3);
	cr_expect(ids[0] == 0 && ids[1] == 77);
}

Test(processors, a_firmware_that_says_nothing_lists_none)
{
	UINT32 ids[1];

	silent = TRUE;
	cr_expect_eq(list(ids, 1), 0);
	absent = TRUE;
	cr_expect_eq(list(ids, 1), 0);
}
