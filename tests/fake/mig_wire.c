/* SPDX-License-Identifier: MIT */
/* mig_wire.c: record boundaries, independent of migration/stream.c. */
#include "mig_wire.h"
#include "lib/bytes.h"
#include "lib/crc32c.h"

unsigned wire_records(const uint8_t *bytes, size_t length, struct wire_record *out, unsigned room)
{
	unsigned n = 0;
	size_t at = 0;

	while (n < room && length - at >= 32 && length - at - 32 >= le32_get(bytes + at + 4)) {
		out[n] = (struct wire_record){ at, 32 + le32_get(bytes + at + 4), le16_get(bytes + at) };
		at += out[n++].length;
	}
	return n;
}

void wire_seal(uint8_t *record)
{
	le32_put(record + 12, 0);
	le32_put(record + 12, crc32c(0, record, 32 + le32_get(record + 4)));
}
