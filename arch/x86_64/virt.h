/* SPDX-License-Identifier: MIT */
/* virt.h: VT-x on this host: present or not, and turning it on. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/gpt.h"
#include "lib/why.h"

/* Reads the boot CPU's capabilities; false with one sentence per missing thing. */
bool virt_init(struct why_list *missing);
/* VMXON on the CPU that calls; false when that fails (logged). Only after virt_init was true. */
bool virt_cpu_on(void);
/* True if virt_init was. */
bool virt_available(void);
/* What the processor's maker calls it. */
const char *virt_name(void);

/* Which dirty trackers this CPU can run. */
bool virt_has_pml(void);
bool virt_has_ad(void);
/* What the tables of guests look like here. */
const struct gpt_format *virt_gpt_format(void);
/* Whether a guest could stop this CPU by changing the size of a page that it executes, so that it gets gpt_small_code.
 * */
bool virt_wants_small_code(void);
/* Whether a guest's TSC can run at another frequency than the host's. */
bool virt_has_tsc_scaling(void);

/* CPUID of this host, less what VT-x can't give a guest here (RDTSCP, INVPCID without their controls). */
void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
