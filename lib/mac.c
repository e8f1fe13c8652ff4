/* SPDX-License-Identifier: MIT */
#include "lib/mac.h"
#include <bearssl_hmac.h>

void mac_make(const void *key, size_t key_bytes, const void *data, size_t bytes, uint8_t out[MAC_BYTES])
{
	br_hmac_key_context k;
	br_hmac_context h;

	br_hmac_key_init(&k, &br_sha256_vtable, key, key_bytes);
	br_hmac_init(&h, &k, MAC_BYTES);
	br_hmac_update(&h, data, bytes);
	br_hmac_out(&h, out);
}
