/* SPDX-License-Identifier: MIT */
/* mac.h: HMAC with SHA-256 (RFC 2104, FIPS 180-4), as BearSSL has it. For services, on the boot CPU only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MAC_BYTES 32u

void mac_make(const void *key, size_t key_bytes, const void *data, size_t bytes, uint8_t out[MAC_BYTES]);
