/* SPDX-License-Identifier: MIT */
/* fuzz: cim fake_manage */
/* Whatever a connection sends, in pieces of any size, the server answers or closes it and forgets it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cim/server.h"
#include "fake_cim_channel.h"
#include "fake_manage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cim_config config = { .request_bytes = 32768 };
	static struct fake_channel *f;

	if (!size)
		return 0;
	if (!f)
		f = fake_channel_new();
	fake_manage_reset();
	cim_server_init(&config);
	f->in_length = size - 1;
	memcpy(f->in, data + 1, size - 1);
	f->in_at = f->out_length = 0;
	f->closed = f->aborted = false;
	f->recv_most = data[0];
	f->status = ERR_OK;
	cim_server_accept(&f->ch);
	for (int n = 0; n < 200 && !f->closed; n++) {
		while (cim_server_step(fake.now_ns))
			;
		fake_manage_advance(n < 20 ? FAKE_CHECK_NS : 2000000000);
	}
	if (!f->closed)
		abort();
	return 0;
}
