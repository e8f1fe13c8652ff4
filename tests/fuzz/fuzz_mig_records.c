/* SPDX-License-Identifier: MIT */
/* fuzz: migration */
#include <string.h>
#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "migration/record_entry.h"
#include "tests/fake/mig_pair.h"

/* A store that holds anything: input is {how u8, length u8, bytes}*, each an entry. Bit 0 of how: as it is; else its magic, version,
 * length and CRC are made right. Bits 1 and 2: filed under the attempt, the machine, a name of its own. A host starts with it,
 * asks its way for half a minute of its time, is told by an operator what to do with all that it holds, and ends. */

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

static struct fake_store store[2];

static void prepare(struct pair_host *h)
{
	h->store = &store[h->number];
	h->proven = true;
}

static void command(struct mig_service *m, const struct fake_store *s)
{
	struct why why;

	for (unsigned i = 0; i < mig_job_count(m); i++)
		for (int f = MIG_FORCE_RESUME; f <= MIG_FORCE_RUN; f++)
			(void)!mig_job_force(m, mig_job_get(m, i)->id, (enum mig_force)f, true, pipe_now_ns, &why);
	for (unsigned i = 0; i < MIG_STORE_ENTRIES; i++) {
		uint8_t uuid[16];

		if (!s->entry[i].used)
			continue;
		memcpy(uuid, s->entry[i].bytes + 40, sizeof(uuid));
		if (mig_service_vm_held(m, uuid, &why))
			(void)!mig_service_vm_reclaim(m, uuid, true, &why);
	}
}

/* Both hosts go on for @ns of their time, from one deadline to the next. */
static void live(struct pair *p, uint64_t ns)
{
	uint64_t end = pipe_now_ns + ns;

	for (int n = 0; n < 100 && pipe_now_ns < end; n++) {
		uint64_t next = end;

		for (int h = 0; h < 2; h++) {
			bool more;
			uint64_t when = mig_service_step(p->host[h].service, pipe_now_ns, &more);

			when = more ? 0 : when;
			next = when < next ? when : next;
		}
		pipe_now_ns = next > pipe_now_ns ? next : pipe_now_ns + SECOND / 100;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair pair;

	memset(store, 0, sizeof(store));
	fill(&store[1], data, size);
	pair_init_by(&pair, 2u << 20, prepare);
	live(&pair, 30 * SECOND);
	command(pair.host[1].service, &store[1]);
	live(&pair, 10 * SECOND);
	pair_fini(&pair);
	return 0;
}
