/* SPDX-License-Identifier: MIT */
/* fuzz: hv fake_host_cpuid */
#include "hv/cpuid.h"
#include <stdlib.h>
#include <string.h>
#include "fake_host_cpuid.h"

static void must(int holds)
{
	if (!holds)
		abort();
}

/* A policy from a peer: what is accepted can be asked anything, compared, and saved again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cpuid_policy p, again, host;
	struct why_list reasons = { 0 };
	uint8_t out[CPUID_POLICY_BYTES];
	struct why why;
	uint32_t r[4];
	size_t n;

	if (cpuid_policy_load(&p, data, size, &why))
		return 0;
	for (uint32_t leaf = 0; leaf < 0x20; leaf++)
		for (uint32_t sub = 0; sub < 10; sub++) {
			cpuid_guest(&p, p.vcpus - 1, UINT64_MAX, UINT64_MAX, leaf, sub, r);
			cpuid_guest(&p, 0, 1, 0, 0x80000000 + leaf, sub, r);
		}
	cpuid_guest(&p, 0, 7, 0, 0xd, 0, r);
	must(!cpuid_has(&p, CPUID_1_ECX, 26) || r[1] >= 576);
	must(r[1] <= r[2] && r[2] <= 4096);
	must((cpuid_xcr0_mask(&p) & ~0xe7ull) == 0);
	fake_host_cpuid_reset();
	must(!cpuid_policy_build(&host, "host", 1, 1000, &why));
	cpuid_policy_compare(&p, &host, &reasons);
	must(!cpuid_policy_save(&p, out, sizeof(out), &n, &why));
	must(!cpuid_policy_load(&again, out, n, &why) && !memcmp(&p, &again, sizeof(p)));
	return 0;
}
