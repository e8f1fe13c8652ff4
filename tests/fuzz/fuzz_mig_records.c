/* SPDX-License-Identifier: MIT */
/* fuzz: migration/[a-z]*.c lib/crc32c.c lib/err.c lib/fmt.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/fake_store.c tests/fake/mig_pair.c tests/fake/mig_wire.c tests/fake/pipe.c */
/* libs: -Lbuild/deps/host -lthird */
#include <string.h>
#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "migration/record_entry.h"
#include "tests/fake/mig_pair.h"

/* A store that holds anything: input is {how u8, length u8, bytes}*, each an entry. Bit 0 of how: as it is; else its magic, version,
 * length and CRC are made right. Bits 1 and 2: filed under the attempt, the machine, a name of its own. A host starts with it,
 * asks its way for a minute of its time, is told by an operator what to do with all that it holds, and ends. */

#define SECOND 1000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend(uint8_t *entry)
{
	memcpy(entry, "TREC", 4);
	le32_put(entry + 4, 0);
	le16_put(entry + 8, 2);
	le16_put(entry + 10, MIG_ENTRY_BYTES);
	le32_put(entry + 4, crc32c(0, entry, MIG_ENTRY_BYTES));
}

static void fill(struct fake_store *s, const uint8_t *data, size_t size)
{
	static const uint8_t named_by[] = { 56, 40, 56, 104 };

	for (unsigned i = 0; i < MIG_STORE_ENTRIES && size >= 2; i++) {
		uint8_t how = data[0], *e = s->entry[i].bytes;
		size_t length = data[1];

		data += 2;
		size -= 2;
		length = length < size ? length : size;
		memcpy(e, data, length);
		data += length;
		size -= length;
		if (!(how & 1)) {
			mend(e);
			length = MIG_ENTRY_BYTES;
		}
		s->entry[i].used = true;
		s->entry[i].length = length;
		memcpy(s->entry[i].key, e + named_by[how >> 1 & 3], MIG_STORE_KEY);
	}
}

static void command(struct mig_service *m, const struct fake_store *s)
{
	struct why why;

	for (unsigned i = 0; i < mig_job_count(m); i++)
		for (int f = MIG_FORCE_RESUME; f <= MIG_FORCE_RUN; f++)
			(void)!mig_job_force(m, mig_job_get(m, i)->id, (enum mig_force)f, true, pipe_now_ns, &why);
	for (unsigned i = 0; i < MIG_STORE_ENTRIES; i++) {
		uint8_t uuid[16];

		memcpy(uuid, s->entry[i].bytes + 40, sizeof(uuid));
		if (mig_service_vm_held(m, uuid, &why))
			(void)!mig_service_vm_reclaim(m, uuid, true, &why);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fake_store store[2];
	static struct pair pair;
	bool more;

	pair_init(&pair, 2u << 20);
	pair_keep_records(&pair, store);
	mig_service_destroy(pair.host[1].service);
	fill(&store[1], data, size);
	pair.host[1].service = mig_service_create(&pair.host[1].host);
	for (int n = 0; n < 60; n++) {
		mig_service_step(pair.host[0].service, pipe_now_ns += SECOND / 2, &more);
		mig_service_step(pair.host[1].service, pipe_now_ns += SECOND / 2, &more);
	}
	command(pair.host[1].service, &store[1]);
	for (int n = 0; n < 8; n++)
		mig_service_step(pair.host[1].service, pipe_now_ns += SECOND, &more);
	pair_fini(&pair);
	return 0;
}
