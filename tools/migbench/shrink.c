/* SPDX-License-Identifier: MIT */
/* shrink.c: what zstd alone makes of the memory: pages that are not zero, level 1, pieces of 128 KiB. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define PIECE	(128u << 10)
#define LEVEL	1

uint64_t shrink_bytes(const struct memory *m)
{
	static uint8_t piece[PIECE], out[PIECE + PIECE / 16];
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	uint64_t bytes = 0;
	size_t held = 0;

	if (!ctx)
		bench_fail("no memory for zstd");
	for (uint64_t pfn = 0; pfn <= m->pages; pfn++) {
		if (held == PIECE || (pfn == m->pages && held)) {
			size_t n = ZSTD_compressCCtx(ctx, out, sizeof(out), piece, held, LEVEL);

			if (ZSTD_isError(n))
				bench_fail("zstd can't compress a piece");
			bytes += n;
			held = 0;
		}
		if (pfn == m->pages || content_zero(m->bytes + pfn * PAGE_SIZE, PAGE_SIZE))
			continue;
		memcpy(piece + held, m->bytes + pfn * PAGE_SIZE, PAGE_SIZE);
		held += PAGE_SIZE;
	}
	ZSTD_freeCCtx(ctx);
	return bytes;
}
