/* SPDX-License-Identifier: MIT */
/* encode_absent.c: stands for the strategies of zstd that are not linked in (tools/make/zstd.mk). */
#include <stddef.h>
#include "lib/log.h"

size_t mig_zstd_absent(void);

size_t mig_zstd_absent(void)
{
	panic("zstd took a strategy that is not here");
}
