/* SPDX-License-Identifier: MIT */
#include "vmx.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/ept.h"
#include "arch/x86_64/vmx/mitigate.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "lib/pages.h"

#define LEAF1_VMX_ECX		(1u << 5)
#define LEAFX1			0x80000001u
#define LEAFX1_RDTSCP_EDX	(1u << 27)
#define LEAF7_INVPCID_EBX	(1u << 10)
#define LEAF7_RDPID_ECX		(1u << 22)

static struct vmx_caps caps;

const struct vmx_caps *vmx_caps(void)
{
	return &caps;
}

static bool here(void)
{
	uint32_t leaf1[4];

	cpuid(1, 0, leaf1);
	return leaf1[2] & LEAF1_VMX_ECX;
}

static bool has(enum virt_feature f)
{
	bool ad = vmx_caps_has(&caps, VMX_FEATURE_EPT_AD);

	switch (f) {
	case VIRT_AD:		return ad;
	case VIRT_PML:		return ad && vmx_caps_has(&caps, VMX_FEATURE_PML);
	case VIRT_SMALL_CODE:	return mitigate_has(MITIGATE_SMALL_CODE);
	case VIRT_TSC_SCALING:	return vmx_caps_has(&caps, VMX_FEATURE_TSC_SCALING);
	}
	return false;
}

static void report(void)
{
	log_info("vmx", "VT-x usable; %s; VMCS revision %x",
		 vmx_lock_text(vmx_lock_state(caps.raw.feature_control)), caps.revision);
	for (unsigned f = 0; f < VMX_FEATURE_COUNT; f++)
		log_debug("vmx", "%s: %s", vmx_feature_words(f), vmx_caps_has(&caps, f) ? "yes" : "no");
}

static bool init(struct why_list *missing)
{
	struct vmx_raw raw;

	vmx_raw_read(&raw);
	vmx_caps_init(&caps, &raw);
	if (!vmx_caps_check(&caps, missing))
		return false;
	report();
	mitigate_init();
	return true;
}

static bool cpu_on(void)
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
static void flush(struct gpt *gpt)
{
	if (vmx_invept(VMX_INVEPT_SINGLE_CONTEXT, ept_pointer(gpt)) != VMX_SUCCEED)
		panic("INVEPT single-context failed for EPTP %llx", (unsigned long long)ept_pointer(gpt));
}

static void limit_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	bool rdtscp = vmx_caps_has(&caps, VMX_FEATURE_RDTSCP);

	if (leaf == LEAFX1 && !rdtscp)
		out[3] &= ~LEAFX1_RDTSCP_EDX;
	if (leaf == 7 && subleaf == 0) {
		if (!vmx_caps_has(&caps, VMX_FEATURE_INVPCID))
			out[1] &= ~LEAF7_INVPCID_EBX;
		if (!rdtscp)
			out[2] &= ~LEAF7_RDPID_ECX;
	}
}

const struct virt_ops vmx_ops = {
	.name = "VT-x", .format = &ept_format, .here = here, .init = init, .cpu_on = cpu_on, .has = has,
	.cpuid = limit_cpuid, .flush = flush, .create = vmx_create, .destroy = vmx_destroy, .load = vmx_load,
	.put = vmx_put, .select = vmx_select, .get = vmx_get, .set = vmx_set, .flush_tlb = vmx_flush_tlb,
	.restored = vmx_restored, .check = vmx_check, .run = vmx_run, .skip = vmx_skip,
	.want_interrupt_window = vmx_want_interrupt_window, .want_nmi_window = vmx_want_nmi_window,
	.reflect_exception = vmx_reflect_exception, .set_pml = vmx_set_pml, .take_pml = vmx_take_pml,
};
