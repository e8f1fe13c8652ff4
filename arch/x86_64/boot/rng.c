/* SPDX-License-Identifier: MIT */
#include "rng.h"

static EFI_GUID rng_guid = EFI_RNG_PROTOCOL_GUID;
static EFI_RNG_ALGORITHM raw = EFI_RNG_ALGORITHM_RAW;

static BOOLEAN is_one_byte(const UINT8 *bytes, UINTN n)
{
	for (UINTN i = 1; i < n; i++)
		if (bytes[i] != bytes[0])
			return FALSE;
	return TRUE;
}

BOOLEAN rng_read(EFI_SYSTEM_TABLE *st, UINT8 *out, UINTN bytes)
{
	EFI_RNG_PROTOCOL *rng = NULL;

	if (EFI_ERROR(st->BootServices->LocateProtocol(&rng_guid, NULL, (void **)&rng)) || !rng)
		return FALSE;
	for (UINTN i = 0; i < bytes; i++)
		out[i] = 0;
	if (EFI_ERROR(rng->GetRNG(rng, NULL, bytes, out)) && EFI_ERROR(rng->GetRNG(rng, &raw, bytes, out)))
		return FALSE;
	return !is_one_byte(out, bytes);
}
