/* SPDX-License-Identifier: MIT */
/* cpuid_policy.h: what CPU a guest sees, as data that travels with it. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "hv/cpuid_bits.h"
#include "lib/err.h"
#include "lib/state.h"
#include "lib/why.h"

#define CPUID_POLICY_BYTES	1024u	/* of a saved policy at most */
#define CPUID_MAX_VCPUS		8u
#define CPUID_COMPONENTS	8	/* XCR0 bits 0-7 */

#define CPUID_POLICY_TABLE(F, A)							\
 F( 1, 1, uint64_t, xcr0,	0xe7,		"XCR0 bits the guest may set")		\
 A( 2, 1, uint32_t, word, CPUID_WORD_COUNT, UINT32_MAX, "feature words, CPUID_WORDS")	\
 A( 3, 1, uint32_t, xsave_offset, 8, 4096,	"of each component, standard form")	\
 A( 4, 1, uint32_t, xsave_size, 8, 4096,	"of each component, bytes")		\
 A( 5, 1, uint32_t, xsave_flags, 8, 2,		"bit 1: aligned to 64 when compacted")	\
 F( 6, 1, uint32_t, signature,	0x0fff3fff,	"family, model, stepping")		\
 F( 7, 1, uint32_t, tsc_khz,	UINT32_MAX,	"frequency of the guest's TSC")		\
 F( 8, 1, uint32_t, vcpus,	CPUID_MAX_VCPUS, "cores, one thread each")		\
 F( 9, 1, uint32_t, physical_bits, 52,		"guest-physical address width")		\
 A(10, 1, uint8_t,  vendor, 12,	0x7f,		"as in EBX EDX ECX of leaf 0")		\
 A(11, 1, uint8_t,  brand, 48,	0x7f,		"NUL-terminated")			\
 A(12, 1, uint8_t,  name, 32,	0x7f,		"of the policy, NUL-terminated")
STATE_STRUCT(cpuid_policy, CPUID_POLICY_TABLE)

/* The host's CPUID, less what its virtualization can't give a guest here (RDTSCP, INVPCID without their controls).
 * Given at link time. */
void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

/* @name: "host", "x86-64-v2" or "x86-64-v3". ERR_NOTFOUND: no such policy; ERR_UNSUPPORTED: the host lacks
 * what it stands for; ERR_RANGE: @vcpus. */
enum err cpuid_policy_build(struct cpuid_policy *p, const char *name, unsigned vcpus, uint32_t tsc_khz,
			    struct why *why) NODISCARD;

/* A saved policy: u16 version, then the rows as lib/state.h has it. ERR_SPACE. */
enum err cpuid_policy_save(const struct cpuid_policy *p, void *out, size_t room, size_t *length,
			   struct why *why) NODISCARD;
/* Errors of state_load, and ERR_UNSUPPORTED: it offers a feature that this Tern can't virtualise. */
enum err cpuid_policy_load(struct cpuid_policy *p, const void *in, size_t length, struct why *why) NODISCARD;

/* Adds a reason for whatever @wanted has and @offers (the "host" policy of the destination) lacks. */
void cpuid_policy_compare(const struct cpuid_policy *wanted, const struct cpuid_policy *offers,
			  struct why_list *reasons);
