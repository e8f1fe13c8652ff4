/* SPDX-License-Identifier: MIT */
/* vcpu_setup.c: makes a VMCS: controls, host state, and the guest state after RESET. */
#include <string.h>
#include "arch/x86_64/intr.h"
#include "arch/x86_64/vmx/ept.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "arch/x86_64/vmx/vpid.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "lib/pages.h"

/* Crystal clock ticks (about 25 MHz) in which no instruction boundary comes, until the CPU exits: 1 ms. */
#define TIMEOUT_TICKS	25000
#define MSR_BITMAP_HIGH	1024
#define MSR_BITMAP_WRITE 2048

extern char vmx_exit_point[];

static void *io_bitmaps[2];

/* Guest and host agree on these by VMCS fields or by the swap in vmx_load: no exits. */
static const uint32_t pass_through[] = {
	MSR_IA32_FS_BASE, MSR_IA32_GS_BASE, MSR_IA32_KERNEL_GS_BASE, MSR_IA32_STAR, MSR_IA32_LSTAR, MSR_IA32_CSTAR,
	MSR_IA32_FMASK, MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

/* SDM Vol. 3 "MSR-Bitmap Address": a set bit makes the access exit. */
static void fill_msr_bitmap(uint8_t *bitmap)
{
	memset(bitmap, 0xff, 4096);
	for (unsigned i = 0; i < sizeof(pass_through) / sizeof(pass_through[0]); i++) {
		uint32_t n = pass_through[i] & 0x1fff;
		uint8_t *at = bitmap + (pass_through[i] >= 0xc0000000 ? MSR_BITMAP_HIGH : 0) + n / 8;

		at[0] &= (uint8_t)~(1u << (n & 7));
		at[MSR_BITMAP_WRITE] &= (uint8_t)~(1u << (n & 7));
	}
}

static enum err shared_bitmaps(void)
{
	for (int i = 0; i < 2; i++) {
		if (io_bitmaps[i])
			continue;
		io_bitmaps[i] = page_alloc();
		if (!io_bitmaps[i])
			return ERR_NOMEM;
		memset(io_bitmaps[i], 0xff, 4096);
	}
	return ERR_OK;
}

static void write_controls(struct vcpu *v)
{
	const struct vmx_caps *caps = vmx_caps();
	uint32_t proc2;

	vmcs_write(VMCS_PIN_BASED_CONTROLS, vmx_controls_adjust(caps, VMX_GROUP_PIN,
		   VMX_PIN_EXTERNAL_INTERRUPT_EXITING | VMX_PIN_NMI_EXITING | VMX_PIN_VIRTUAL_NMIS |
		   VMX_PIN_PREEMPTION_TIMER, NULL));
	v->vmx.proc_controls = vmx_controls_adjust(caps, VMX_GROUP_PROC, VMX_PROC_TSC_OFFSETTING |
		   VMX_PROC_HLT_EXITING | VMX_PROC_MWAIT_EXITING | VMX_PROC_MONITOR_EXITING | VMX_PROC_RDPMC_EXITING |
		   VMX_PROC_CR8_LOAD_EXITING | VMX_PROC_CR8_STORE_EXITING | VMX_PROC_IO_BITMAPS |
		   VMX_PROC_MSR_BITMAPS | VMX_PROC_SECONDARY_CONTROLS, NULL);
	v->vmx.proc_controls &= ~(uint32_t)(VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING);
	vmcs_write(VMCS_PRIMARY_CONTROLS, v->vmx.proc_controls);
	proc2 = vmx_controls_adjust(caps, VMX_GROUP_PROC2, VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED_GUEST |
		   (vmx_caps_has(caps, VMX_FEATURE_VPID) ? VMX_PROC2_VPID : 0) |
		   (vmx_caps_has(caps, VMX_FEATURE_RDTSCP) ? VMX_PROC2_RDTSCP : 0) |
		   (vmx_caps_has(caps, VMX_FEATURE_INVPCID) ? VMX_PROC2_INVPCID : 0) | VMX_PROC2_WBINVD_EXITING |
		   VMX_PROC2_INSTRUCTION_TIMEOUT | (v->limits.tsc_multiplier ? VMX_PROC2_TSC_SCALING : 0), NULL);
	if (proc2 & VMX_PROC2_INSTRUCTION_TIMEOUT)
		vmcs_write(VMCS_INSTRUCTION_TIMEOUT, TIMEOUT_TICKS);
	vmcs_write(VMCS_SECONDARY_CONTROLS, proc2);
	vmcs_write(VMCS_EXIT_CONTROLS, vmx_controls_adjust(caps, VMX_GROUP_EXIT, VMX_EXITC_HOST_ADDRESS_SPACE_SIZE |
		   VMX_EXITC_SAVE_DEBUG_CONTROLS | VMX_EXITC_SAVE_PAT | VMX_EXITC_LOAD_PAT | VMX_EXITC_SAVE_EFER |
		   VMX_EXITC_LOAD_EFER, NULL));
	vmcs_write(VMCS_ENTRY_CONTROLS, vmx_controls_adjust(caps, VMX_GROUP_ENTRY, VMX_ENTRYC_LOAD_DEBUG_CONTROLS |
		   VMX_ENTRYC_LOAD_PAT | VMX_ENTRYC_LOAD_EFER, NULL));
	vmcs_write(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC);
	vmcs_write(VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write(VMCS_CR3_TARGET_COUNT, 0);
	vmcs_write(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write(VMCS_IO_BITMAP_A, (uint64_t)io_bitmaps[0]);
	vmcs_write(VMCS_IO_BITMAP_B, (uint64_t)io_bitmaps[1]);
	vmcs_write(VMCS_MSR_BITMAP, (uint64_t)v->vmx.msr_bitmap);
	vmcs_write(VMCS_EPT_POINTER, ept_pointer(v->gpt));
	if (proc2 & VMX_PROC2_VPID)
		vmcs_write(VMCS_VPID, v->vmx.vpid);
	vmcs_write(VMCS_TSC_OFFSET, 0);
	if (proc2 & VMX_PROC2_TSC_SCALING)
		vmcs_write(VMCS_TSC_MULTIPLIER, v->limits.tsc_multiplier);
	vmcs_write(VMCS_CR0_GUEST_HOST_MASK, VMX_CR0_OWNED);
	vmcs_write(VMCS_CR4_GUEST_HOST_MASK, ~v->limits.cr4_mask | VMX_CR4_OWNED);
}

/* SDM Vol. 3 "Host-State Area". The boot CPU runs all vCPUs, so its own values serve. */
static void write_host_state(void)
{
	struct cpu *c = cpu_this();

	vmcs_write(VMCS_HOST_CR0, cr0_read());
	vmcs_write(VMCS_HOST_CR3, cr3_read());
	vmcs_write(VMCS_HOST_CR4, cr4_read());
	vmcs_write(VMCS_HOST_CS_SELECTOR, SEL_CODE);
	vmcs_write(VMCS_HOST_SS_SELECTOR, SEL_DATA);
	vmcs_write(VMCS_HOST_DS_SELECTOR, SEL_DATA);
	vmcs_write(VMCS_HOST_ES_SELECTOR, SEL_DATA);
	vmcs_write(VMCS_HOST_FS_SELECTOR, 0);
	vmcs_write(VMCS_HOST_GS_SELECTOR, 0);
	vmcs_write(VMCS_HOST_TR_SELECTOR, SEL_TSS);
	vmcs_write(VMCS_HOST_FS_BASE, msr_read(MSR_IA32_FS_BASE));	/* a thread block, for services */
	vmcs_write(VMCS_HOST_GS_BASE, (uint64_t)c);
	vmcs_write(VMCS_HOST_TR_BASE, (uint64_t)&c->tss);
	vmcs_write(VMCS_HOST_GDTR_BASE, (uint64_t)c->gdt);
	vmcs_write(VMCS_HOST_IDTR_BASE, intr_idt_base());
	vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_HOST_SYSENTER_EIP, 0);
	vmcs_write(VMCS_HOST_PAT, msr_read(MSR_IA32_PAT));
	vmcs_write(VMCS_HOST_EFER, msr_read(MSR_IA32_EFER));
	vmcs_write(VMCS_HOST_RIP, (uint64_t)vmx_exit_point);
}

void vmx_flush_tlb(const struct vcpu *v)
{
	if (vmx_caps_has(vmx_caps(), VMX_FEATURE_VPID) &&
	    vmx_invvpid(VMX_INVVPID_SINGLE_CONTEXT, v->vmx.vpid, 0) != VMX_SUCCEED)
		panic("INVVPID single-context failed for VPID %u", v->vmx.vpid);
}

void vmx_restored(struct vcpu *v)
{
	(void)v;
	vmcs_write(VMCS_GUEST_ACTIVITY_STATE, 0);
}

enum err vmx_create(struct vcpu *v, struct why *why)
{
	void *vmcs = page_alloc();

	v->vmx.vmcs = (uint64_t)vmcs;
	v->vmx.msr_bitmap = page_alloc();
	v->vmx.timer_shift = (uint8_t)vmx_caps()->preemption_shift;
	if (!vmcs || !v->vmx.msr_bitmap || shared_bitmaps() != ERR_OK) {
		why_set(why, "no memory for a virtual processor (needs 20 KiB)");
		return ERR_NOMEM;
	}
	v->vmx.vpid = vpid_get();
	if (!v->vmx.vpid) {
		why_set(why, "65535 virtual processors exist, each with its VPID: there is none left");
		return ERR_SPACE;
	}
	fill_msr_bitmap(v->vmx.msr_bitmap);
	le32_put(vmcs, vmx_caps()->revision);
	if (vmx_vmclear(v->vmx.vmcs) != VMX_SUCCEED)
		panic("VMCLEAR failed for %llx", (unsigned long long)v->vmx.vmcs);
	vmx_select(v);
	write_controls(v);
	write_host_state();
	vmcs_write(VMCS_VMCS_LINK_POINTER, ~0ull);
	vmcs_write(VMCS_GUEST_DEBUGCTL, 0);
	return ERR_OK;
}

void vmx_destroy(struct vcpu *v)
{
	if (v->vmx.vmcs && v->vmx.vpid && cpu_this()->vmx_on && vmx_vmclear(v->vmx.vmcs) != VMX_SUCCEED)
		log_error("vmx", "VMCLEAR failed for %llx", (unsigned long long)v->vmx.vmcs);
	if (cpu_this()->vcpu == v)
		cpu_this()->vcpu = NULL;
	vpid_put(v->vmx.vpid);
	page_free((void *)v->vmx.vmcs);
	page_free(v->vmx.msr_bitmap);
}
