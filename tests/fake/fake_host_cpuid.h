/* SPDX-License-Identifier: MIT */
/* fake_host_cpuid.h: a host CPU for unit tests, with every feature but those a test takes away. */
#pragma once
#include <stdint.h>

struct fake_host_cpuid {
	uint32_t clear_1_ecx, clear_7_ebx, clear_x7_edx;	/* feature bits that this host lacks */
	uint32_t xcr0;			/* components that leaf 0DH reports */
	uint32_t avx_offset;
	uint32_t physical_bits;
	uint32_t signature;		/* of leaf 1 */
	const char *vendor;		/* 12 characters */
};

extern struct fake_host_cpuid fake_host_cpuid;
/* A server of the Skylake kind. */
void fake_host_cpuid_reset(void);
