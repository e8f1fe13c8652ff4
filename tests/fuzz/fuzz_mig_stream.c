/* SPDX-License-Identifier: MIT */
/* fuzz: migration */
#include <stdlib.h>
#include <string.h>
#include "migration/stream.h"
#include "tests/fake/pipe.h"

/* Any bytes at all, in any pieces, to the record reader and the body tables. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pipe_options o = { .chop = size ? data[0] : 0 };
	struct pipe *p = pipe_new(&o);
	struct channel *out = pipe_end(p, 0);
	struct mig_stream s;
	struct mig_record r;
	static uint8_t rec[8192];
	size_t sent = 0;
	struct why why;

	if (mig_stream_init(&s, pipe_end(p, 1), NULL, pipe_now_ns))
		abort();
	for (int idle = 0; idle < 64; idle++) {
		enum err e;

		sent += out->ops->send(out, data + sent, size - sent);
		e = mig_stream_next(&s, pipe_now_ns, &r, &why);
		if (e == ERR_AGAIN)
			continue;
		if (e)
			break;
		if (r.length > mig_type_cap(r.type))
			abort();
		if (mig_type_table(r.type) && mig_stream_parse(&r, rec, &why) && !why.text[0])
			abort();
		idle = 0;
	}
	mig_stream_fini(&s, true);
	out->ops->close(out);
	pipe_drop(p);
	return 0;
}
