/* SPDX-License-Identifier: MIT */
/* random.h: the numbers that nobody may guess: ids, nonces, sequence numbers. HMAC_DRBG with SHA-256 (NIST SP 800-90A
 * Rev. 1, section 10.1.2) as BearSSL has it. For services, on the boot CPU only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stirs @seed in. @secret: it alone holds 256 bits or more that nobody outside this host knows; otherwise it only
 * makes the numbers of two boots differ. */
void random_seed(const void *seed, size_t bytes, bool secret);
/* True once a secret seed came. Before, the numbers can be guessed, and who needs a secret must say so. */
bool random_is_strong(void);
/* Never fails and never repeats; two callers in a row can't tell each other's numbers from their own. */
void random_bytes(void *out, size_t bytes);
uint64_t random_u64(void);
