/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/boot/rng.h"
#include <criterion/criterion.h>
#include <string.h>

static EFI_RNG_PROTOCOL rng;
static BOOLEAN absent, only_raw, broken, stuck;
static UINTN calls;

static EFIAPI EFI_STATUS locate(EFI_GUID *guid, void *registration, void **out)
{
	static const EFI_GUID wanted = EFI_RNG_PROTOCOL_GUID;

	(void)registration;
	cr_assert_eq(memcmp(guid, &wanted, sizeof(wanted)), 0);
	*out = absent ? NULL : &rng;
	return absent ? EFI_NOT_FOUND : EFI_SUCCESS;
}

static EFIAPI EFI_STATUS get(EFI_RNG_PROTOCOL *self, EFI_RNG_ALGORITHM *algorithm, UINTN bytes, UINT8 *out)
{
	cr_assert_eq(self, &rng);
	calls++;
	if (broken || (only_raw && !algorithm))
		return EFI_UNSUPPORTED;
	for (UINTN i = 0; i < bytes; i++)
		out[i] = stuck ? 0xff : (UINT8)(7 * i + 1);
	return EFI_SUCCESS;
}

static BOOLEAN read_all(UINT8 out[64])
{
	static EFI_BOOT_SERVICES services;
	static EFI_SYSTEM_TABLE st = { .BootServices = &services };

	services.LocateProtocol = (EFI_LOCATE_PROTOCOL)locate;
	rng.GetRNG = get;
	return rng_read(&st, out, 64);
}

Test(rng, what_the_firmware_gives_is_taken)
{
	UINT8 out[64];

	cr_assert(read_all(out));
	cr_assert(out[0] == 1 && out[63] == (UINT8)(7 * 63 + 1));
	only_raw = TRUE;
	cr_assert(read_all(out), "raw entropy is entropy");
}

Test(rng, a_firmware_without_or_with_a_broken_generator_gives_none)
{
	UINT8 out[64];

	absent = TRUE;
	cr_assert(!read_all(out));
	absent = FALSE;
	broken = TRUE;
	cr_assert(!read_all(out));
	broken = FALSE;
	stuck = TRUE;
	cr_assert(!read_all(out), "one byte over and over is no entropy");
}
