/* SPDX-License-Identifier: MIT */
/* encode_batch.c: frames of several pages, made and read. Both ends work in memory of fixed size that all attempts
 * share: no frame outlives a step. */
#include "encode_batch.h"
#include <string.h>
#define ZSTD_STATIC_LINKING_ONLY
#define ZSTD_DISABLE_DEPRECATE_WARNINGS	/* what replaces ZSTD_compress_advanced brings all of streaming along */
#include <zstd.h>
#include <zstd_errors.h>
#include "lib/bytes.h"
#include "lib/log.h"

/* zstd's level 1 for 128 KiB, but with matches of seven bytes: those of six save 0.7 % of a Linux guest, those of five
 * as much again, and where bytes have few values in no order they take two and four times as long and send more. A
 * target length would make it quicker and leave literals as they are: 5 % more of a Linux guest. */
static const ZSTD_compressionParameters how = {
	.windowLog = 17, .chainLog = 12, .hashLog = 13, .searchLog = 1, .minMatch = 7, .strategy = ZSTD_fast,
};
#define WINDOW_MAX	(MIG_BATCH_MAX * PAGE_SIZE)
#define ENCODE_WORK	(640u << 10)
#define DECODE_WORK	(224u << 10)

static uint64_t encode_work[ENCODE_WORK / 8], decode_work[DECODE_WORK / 8];

bool mig_batch_takes(const struct mig_batch *p, uint64_t pfn)
{
	return !p->count || (p->count < MIG_BATCH_MAX && pfn > p->pfn[p->count - 1] &&
			     pfn - p->pfn[p->count - 1] <= UINT16_MAX);
}

void mig_batch_add(struct mig_batch *p, uint64_t pfn, const void *page)
{
	memcpy(p->bytes + p->count * PAGE_SIZE, page, PAGE_SIZE);
	p->pfn[p->count++] = pfn;
}

bool mig_batch_holds(const struct mig_batch *p, uint64_t pfn)
{
	for (unsigned n = 0; n < p->count; n++)
		if (p->pfn[n] == pfn)
			return true;
	return false;
}

size_t mig_batch_encode(const struct mig_batch *p, unsigned count, uint8_t *out, size_t room)
{
	static ZSTD_CCtx *ctx;
	size_t skips = mig_batch_skips(count), n;

	if (!ctx) {
		ctx = ZSTD_initStaticCCtx(encode_work, sizeof(encode_work));
		if (!ctx)
			panic("zstd does not work in %u bytes", ENCODE_WORK);
	}
	if (room <= skips)
		return 0;
	for (unsigned k = 1; k < count; k++)
		le16_put(out + 2 * (k - 1), (uint16_t)(p->pfn[k] - p->pfn[k - 1] - 1));
	n = ZSTD_compress_advanced(
		ctx, out + skips, room - skips, p->bytes, count * PAGE_SIZE, NULL, 0,
		(ZSTD_parameters){ ZSTD_adjustCParams(how, count * PAGE_SIZE, 0), { .contentSizeFlag = 1 } });
	if (ZSTD_isError(n) && ZSTD_getErrorCode(n) != ZSTD_error_dstSize_tooSmall)
		panic("zstd: error %d", (int)ZSTD_getErrorCode(n));
	return ZSTD_isError(n) ? 0 : skips + n;
}

bool mig_batch_valid(const uint8_t *data, size_t length, unsigned count)
{
	size_t skips = mig_batch_skips(count);
	ZSTD_frameHeader h;

	return length > skips && !ZSTD_getFrameHeader(&h, data + skips, length - skips) && h.frameType == ZSTD_frame &&
		h.frameContentSize == count * PAGE_SIZE && h.windowSize <= WINDOW_MAX && !h.dictID && !h.checksumFlag;
}

uint64_t mig_batch_last(const uint8_t *data, unsigned count, uint64_t first)
{
	for (unsigned k = 1; k < count; k++)
		first += 1u + le16_get(data + 2 * (k - 1));
	return first;
}

const uint8_t *mig_batch_decode(const uint8_t *data, size_t length, unsigned count)
{
	static uint8_t pages[MIG_BATCH_MAX * PAGE_SIZE];
	static ZSTD_DCtx *ctx;
	size_t skips = mig_batch_skips(count);

	if (!ctx)
		ctx = ZSTD_initStaticDCtx(decode_work, sizeof(decode_work));
	if (!ctx)
		panic("zstd does not work in %u bytes", DECODE_WORK);
	/* One frame and nothing after it. */
	if (ZSTD_findFrameCompressedSize(data + skips, length - skips) != length - skips ||
	    ZSTD_decompressDCtx(ctx, pages, count * PAGE_SIZE, data + skips, length - skips) != count * PAGE_SIZE)
		return NULL;
	return pages;
}
