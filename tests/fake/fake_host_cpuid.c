/* SPDX-License-Identifier: MIT */
/* fake_host_cpuid.c: the CPUID instruction of a host that offers more than Tern virtualises. */
#include "fake_host_cpuid.h"
#include <string.h>
#include "hv/cpuid_policy.h"

struct fake_host_cpuid fake_host_cpuid;

void fake_host_cpuid_reset(void)
{
	fake_host_cpuid = (struct fake_host_cpuid){
		.xcr0 = 0x2ff, .avx_offset = 576, .physical_bits = 46, .signature = 0x50654, .vendor = "GenuineIntel",
	};
}

static void xsave(uint32_t component, uint32_t out[4])
{
	static const uint32_t size[8] = { 0, 0, 256, 64, 64, 64, 512, 1024 };
	static const uint32_t offset[8] = { 0, 0, 576, 960, 1024, 1088, 1152, 1664 };

	if (component == 0) {
		out[0] = fake_host_cpuid.xcr0;
		out[1] = out[2] = 2696;
	} else if (component == 1) {
		out[0] = 0xf;
	} else if (component < 8 && fake_host_cpuid.xcr0 >> component & 1) {
		out[0] = size[component];
		out[1] = component == 2 ? fake_host_cpuid.avx_offset : offset[component];
	}
}

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	static const char brand[48] = "Fictional(R) CPU @ 2.00GHz";
	const struct fake_host_cpuid *h = &fake_host_cpuid;

	memset(out, 0, 16);
	switch (leaf) {
	case 0:
		out[0] = 0x16;
		memcpy(&out[1], h->vendor, 4);
		memcpy(&out[3], h->vendor + 4, 4);
		memcpy(&out[2], h->vendor + 8, 4);
		break;
	case 1:
		out[0] = h->signature;
		out[1] = 0x12345678;
		out[2] = ~h->clear_1_ecx;
		out[3] = 0xffffffff;
		break;
	case 7:
		out[0] = 1;
		out[1] = subleaf ? 0 : ~h->clear_7_ebx;
		out[2] = subleaf ? 0 : 0xffffffff;
		out[3] = subleaf ? 0 : 0xffffffff;
		break;
	case 0xd:
		xsave(subleaf, out);
		break;
	case 0x80000000:
		out[0] = 0x80000008;
		break;
	case 0x80000001:
		out[2] = out[3] = 0xffffffff;
		break;
	case 0x80000002: case 0x80000003: case 0x80000004:
		memcpy(out, brand + 16 * (leaf - 0x80000002), 16);
		break;
	case 0x80000007:
		out[3] = ~h->clear_x7_edx;
		break;
	case 0x80000008:
		out[0] = h->physical_bits | 48 << 8;
		break;
	default:	/* leaves that must never shine through */
		memset(out, 0xee, 16);
		break;
	}
}
