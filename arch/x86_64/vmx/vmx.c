/* SPDX-License-Identifier: MIT */
#include "vmx.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/virt.h"
#include "arch/x86_64/vmx/ept.h"
#include "arch/x86_64/vmx/mitigate.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "lib/pages.h"

static struct vmx_caps caps;
static bool available;

const struct vmx_caps *vmx_caps(void)
{
	return &caps;
}

bool virt_available(void)
{
	return available;
}

const char *virt_name(void)
{
	return "VT-x";
}

bool virt_has_pml(void)
{
	return vmx_caps_has(&caps, VMX_FEATURE_PML) && virt_has_ad();
}

bool virt_has_ad(void)
{
	return vmx_caps_has(&caps, VMX_FEATURE_EPT_AD);
}

const struct gpt_format *virt_gpt_format(void)
{
	return &ept_format;
}

bool virt_has_tsc_scaling(void)
{
	return vmx_caps_has(&caps, VMX_FEATURE_TSC_SCALING);
}

bool virt_wants_small_code(void)
{
	return mitigate_has(MITIGATE_SMALL_CODE);
}

static void report(void)
{
	log_info("vmx", "VT-x usable; %s; VMCS revision %x",
		 vmx_lock_text(vmx_lock_state(caps.raw.feature_control)), caps.revision);
	for (unsigned f = 0; f < VMX_FEATURE_COUNT; f++)
		log_debug("vmx", "%s: %s", vmx_feature_words(f), vmx_caps_has(&caps, f) ? "yes" : "no");
}

bool virt_init(struct why_list *missing)
{
	struct vmx_raw raw;

	vmx_raw_read(&raw);
	vmx_caps_init(&caps, &raw);
	available = vmx_caps_check(&caps, missing);
	if (available) {
		report();
		mitigate_init();
	}
	return available;
}

bool virt_cpu_on(void)
{
	struct cpu *c = cpu_this();
	uint64_t feature = msr_read(MSR_IA32_FEATURE_CONTROL);
	void *region;

	if (vmx_lock_state(feature) == VMX_UNLOCKED)
		msr_write(MSR_IA32_FEATURE_CONTROL, vmx_lock_value(feature));
	if (vmx_lock_state(msr_read(MSR_IA32_FEATURE_CONTROL)) == VMX_LOCKED_OFF) {
		log_error("vmx", "cpu %u: %s", c->index, vmx_lock_text(VMX_LOCKED_OFF));
		return false;
	}
	region = page_alloc();
	if (!region) {
		log_error("vmx", "cpu %u: no memory for the VMXON region", c->index);
		return false;
	}
	cr0_write(vmx_cr0_adjust(&caps, cr0_read(), false));
	cr4_write(vmx_cr4_adjust(&caps, cr4_read()));
	le32_put(region, caps.revision);
	c->vmxon_region = (uint64_t)region;
	if (vmx_vmxon((uint64_t)region) != VMX_SUCCEED) {
		log_error("vmx", "cpu %u: VMXON failed", c->index);
		c->vmxon_region = 0;
		page_free(region);
		return false;
	}
	mitigate_cpu_on();
	c->vmx_on = true;
	log_info("vmx", "cpu %u: VMX is on", c->index);
	return true;
}

/* Every vCPU of a VM runs on the CPU that calls (services and vCPU slices alternate there), so this
 * one INVEPT reaches all that may hold the mapping. */
void gpt_flush(struct gpt *gpt)
{
	if (vmx_invept(VMX_INVEPT_SINGLE_CONTEXT, ept_pointer(gpt)) != VMX_SUCCEED)
		panic("INVEPT single-context failed for EPTP %llx", (unsigned long long)ept_pointer(gpt));
}

#define LEAF1_FEATURES		0x80000001u
#define RDTSCP_EDX		(1u << 27)
#define LEAF7_INVPCID_EBX	(1u << 10)
#define LEAF7_RDPID_ECX		(1u << 22)

void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	cpuid(leaf, subleaf, out);
	if (leaf == LEAF1_FEATURES && !vmx_caps_has(&caps, VMX_FEATURE_RDTSCP))
		out[3] &= ~RDTSCP_EDX;
	if (leaf == 7 && subleaf == 0) {
		if (!vmx_caps_has(&caps, VMX_FEATURE_INVPCID))
			out[1] &= ~LEAF7_INVPCID_EBX;
		if (!vmx_caps_has(&caps, VMX_FEATURE_RDTSCP))
			out[2] &= ~LEAF7_RDPID_ECX;
	}
}
