/* SPDX-License-Identifier: MIT */
/* cpuid.h: what the CPUID instruction returns to a guest. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/cpuid_policy.h"

/* EAX EBX ECX EDX of @leaf for vCPU number @vcpu, which is its APIC ID; @xcr0 and @cr4 are the vCPU's. */
void cpuid_guest(const struct cpuid_policy *p, unsigned vcpu, uint64_t xcr0, uint64_t cr4, uint32_t leaf,
		 uint32_t subleaf, uint32_t out[4]);

/* @vendor: twelve letters. */
bool cpuid_is_vendor(const struct cpuid_policy *p, const char *vendor);
bool cpuid_has(const struct cpuid_policy *p, enum cpuid_word word, unsigned bit);
/* XCR0 bits (x87 and SSE always) and CR4 bits that the guest may set. */
uint64_t cpuid_xcr0_mask(const struct cpuid_policy *p);
uint64_t cpuid_cr4_mask(const struct cpuid_policy *p);
