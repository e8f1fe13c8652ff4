/* SPDX-License-Identifier: MIT */
/* fuzz: migration/[a-z]*.c lib/crc32c.c lib/err.c lib/fmt.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/fake_store.c tests/fake/mig_pair.c tests/fake/mig_wire.c tests/fake/pipe.c */
/* libs: -Lbuild/deps/host -lthird */
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* A source that says anything it likes in well-formed records: input is {type u8, length u16, body}*, to which header,
 * sequence and CRC are added; type 0xfe makes a whole HELLO with what the length's second hexadecimal digit has of
 * capabilities and its third of purposes (0: by the first), 0xff a whole OFFER. No guest may run that was not prepared, and none is
 * kept past the time in which its source may come back. */

#define ROOM (1u << 20)
#define SECOND 1000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct wire { uint8_t *bytes; size_t length; uint32_t sequence; };

static void put(struct wire *w, uint16_t type, const void *body, size_t length)
{
	uint8_t *r = w->bytes + w->length;

	memset(r, 0, 32);
	le16_put(r, type);
	le32_put(r + 4, (uint32_t)length);
	le32_put(r + 8, w->sequence++);
	memset(r + 16, 0x42, 16);
	if (length)
		memcpy(r + 32, body, length);
	wire_seal(r);
	w->length += 32 + length;
}

static void put_table(struct wire *w, uint16_t type, const void *rec)
{
	const struct state_desc *d = mig_type_table(type);
	uint8_t body[4096];
	size_t length;

	if (state_save(d, rec, d->version, body, sizeof(body), &length, NULL))
		abort();
	put(w, type, body, length);
}

static void put_hello(struct wire *w, uint8_t purpose, uint8_t capabilities)
{
	struct mig_hello hello = {
		.magic = MIG_MAGIC, .capabilities = capabilities, .version_min = 1, .version_max = 1, .purpose = purpose,
	};

	put_table(w, MIG_HELLO, &hello);
}

static void put_offer(struct wire *w, uint8_t flags)
{
	struct mig_offer offer = { .memory_bytes = 4u << 20, .flags = flags & 3u, .vcpus = 1, .name = "web1" };

	put_table(w, MIG_OFFER, &offer);
}

static void build(struct wire *w, const uint8_t *data, size_t size)
{
	while (size >= 3 && ROOM - w->length > 70000) {
		size_t length = le16_get(data + 1);
		uint8_t type = data[0], arg = data[1], more = data[2];

		data += 3;
		size -= 3;
		if (type == 0xfe) {
			put_hello(w, more & 15 ? more & 15 : 1 + arg % 3, (uint8_t)(arg >> 4 | (more & 16)));
		} else if (type == 0xff) {
			put_offer(w, arg);
		} else {
			length = length < size ? length : size;
			put(w, type, data, length);
			data += length;
			size -= length;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair pair;
	struct pipe_options o = { .capacity = ROOM };
	struct wire w = { .bytes = malloc(ROOM) };
	struct pipe *p = pipe_new(&o);
	struct channel *mine = pipe_end(p, 0);
	size_t sent = 0;
	bool more;

	pair_init(&pair, 2u << 20);
	mig_service_destroy(pair.host[1].service);
	pair.host[1].host.resume_grace_ns = 30 * SECOND;
	pair.host[1].service = mig_service_create(&pair.host[1].host);
	build(&w, data, size);
	mig_service_accept(pair.host[1].service, pipe_end(p, 1), pipe_now_ns);
	for (int n = 0; n < 40; n++) {
		sent += mine->ops->send(mine, w.bytes + sent, w.length - sent);
		mig_service_step(pair.host[1].service, pipe_now_ns += 1000, &more);
	}
	mine->ops->close(mine);
	for (int n = 0; n < 4; n++)
		mig_service_step(pair.host[1].service, pipe_now_ns += 15 * SECOND, &more);
	/* Without a connection only a prepared guest may be left, or one that COMMIT made run. */
	if (pair_count(&pair, FAKE_EMPTY))
		abort();
	pair_fini(&pair);
	pipe_drop(p);
	free(w.bytes);
	return 0;
}
