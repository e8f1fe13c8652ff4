/* SPDX-License-Identifier: MIT */
/* tsc_claims.h: what CPU and outer hypervisor say of the TSC's frequency. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/tsc_decide.h"

#define TSC_CLAIMS_MAX 4u

/* What CPUID and the MSRs show; 0 where there is nothing. */
struct tsc_raw {
	uint32_t leaf_0[4], leaf_1[4], leaf_15[4], leaf_16[4];
	uint32_t leaf_40000000[4], leaf_40000001[4], leaf_40000003[4], leaf_40000010[4];
	uint64_t platform_info;		/* MSR_PLATFORM_INFO */
	uint64_t hyperv_hz;		/* HV_X64_MSR_TSC_FREQUENCY */
	uint32_t kvm_mul;		/* of struct pvclock_vcpu_time_info: ns = (tsc << shift) * mul >> 32 */
	int8_t kvm_shift;
};

/* Reads them on the CPU that calls. An MSR that is not there is 0. */
void tsc_raw_read(struct tsc_raw *raw);
/* Fills at most TSC_CLAIMS_MAX of @out; returns how many. An outer hypervisor makes one claim at most: its most
 * direct. */
unsigned tsc_claims(const struct tsc_raw *raw, struct tsc_source *out);
