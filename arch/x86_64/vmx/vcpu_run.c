/* SPDX-License-Identifier: MIT */
/* vcpu_run.c: entering the guest and coming back, and the registers that no VMCS field holds. */
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/audit.h"
#include "arch/x86_64/vmx/decode.h"
#include "arch/x86_64/vmx/mitigate.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/log.h"

enum vmx_status vmx_enter(uint64_t gpr[16], bool launched);

/* What is swapped by hand, since no VMCS field holds it. */
static const uint32_t swapped[5] = {
	MSR_IA32_STAR, MSR_IA32_LSTAR, MSR_IA32_CSTAR, MSR_IA32_FMASK, MSR_IA32_KERNEL_GS_BASE
};

void vmx_select(struct vcpu *v)
{
	struct cpu *c = cpu_this();

	if (c->vcpu == v)
		return;
	if (vmx_vmptrld(v->vmx.vmcs) != VMX_SUCCEED)
		panic("VMPTRLD failed for %llx", (unsigned long long)v->vmx.vmcs);
	c->vcpu = v;
}

/* The guest's turn begins: what other guests trained is forgotten, and what Tern read since lies in no cache that it
 * can look into. Between its own exits Tern reads what is its own, so that is not done again. */
static void close_leaks(const struct vcpu *v)
{
	struct cpu *c = cpu_this();

	if (mitigate_has(MITIGATE_IBPB) && c->ran != v->vmx.vpid)
		msr_write(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	c->ran = v->vmx.vpid;
	if (mitigate_has(MITIGATE_L1D))
		msr_write(MSR_IA32_FLUSH_CMD, FLUSH_CMD_L1D);
}

void vmx_load(struct vcpu *v)
{
	vmx_select(v);
	for (unsigned i = 0; i < 5; i++) {
		v->vmx.host_msr[i] = msr_read(swapped[i]);
		msr_write(swapped[i], v->vmx.msr[i]);
	}
	if (vmx_caps_has(vmx_caps(), VMX_FEATURE_RDTSCP))
		msr_write(MSR_IA32_TSC_AUX, v->tsc_aux);
	cr2_write(v->vmx.cr2);
	dr6_write(v->vmx.dr6);
	if (mitigate_mask)
		close_leaks(v);
}

void vmx_put(struct vcpu *v)
{
	v->vmx.dr6 = dr6_read();
	v->vmx.cr2 = cr2_read();
	for (unsigned i = 0; i < 5; i++) {
		v->vmx.msr[i] = msr_read(swapped[i]);
		msr_write(swapped[i], v->vmx.host_msr[i]);
	}
}

enum err vmx_entry_failed(struct vcpu *v, enum vmx_status status)
{
	struct why_list found = { 0 };

	if (status != VMX_SUCCEED)
		v->exit.kind = VCPU_EXIT_UNKNOWN;
	if (status == VMX_FAIL_VALID)
		log_error("vmx", "VM entry failed: VM-instruction error %s",
			  vmx_error_text((uint32_t)vmcs_read(VMCS_INSTRUCTION_ERROR)));
	else if (status == VMX_FAIL_INVALID)
		log_error("vmx", "VM entry failed: VMfailInvalid, no current VMCS");
	else
		log_error("vmx", "VM entry failed: %s, qualification %llx",
			  vmx_exit_reason_name(vmcs_read(VMCS_EXIT_REASON) & VMX_EXIT_REASON_MASK),
			  (unsigned long long)vmcs_read(VMCS_EXIT_QUALIFICATION));
	if (status != VMX_FAIL_INVALID) {
		vmx_audit(vmx_caps(), &found);
		for (unsigned i = 0; i < found.count && i < WHY_MAX; i++)
			log_error("vmx", "audit: %s", found.why[i].text);
		if (!found.count)
			log_error("vmx", "audit: no rule found broken");
		vmx_dump();
	}
	return ERR_INVALID;
}

enum err vmx_run(struct vcpu *v, uint64_t timer_tsc)
{
	uint64_t ticks = timer_tsc >> v->vmx.timer_shift;
	enum vmx_status status;

	vmcs_write(VMCS_PREEMPTION_TIMER_VALUE, ticks > 0xffffffff ? 0xffffffff : ticks);
	if (v->event) {
		if (v->shutdown) {
			v->shutdown = false;
			v->event = 0;
			v->exit = (struct vcpu_exit){ .kind = VCPU_EXIT_TRIPLE_FAULT };
			return ERR_OK;
		}
		vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO, v->event);
		vmcs_write(VMCS_ENTRY_EXCEPTION_ERROR_CODE, v->event_error);
		vmcs_write(VMCS_ENTRY_INSTRUCTION_LENGTH, v->event_length);
	}
	if (__builtin_expect(mitigate_has(MITIGATE_VERW), 0))
		cpu_verw();
	status = vmx_enter(v->gpr, v->vmx.launched);
	if (__builtin_expect(status != VMX_SUCCEED, 0))
		return vmx_entry_failed(v, status);
	v->vmx.launched = true;
	return vmx_decode(v);
}

void vmx_set_pml(struct vcpu *v, bool on)
{
	uint64_t controls;

	vmx_select(v);
	controls = vmcs_read(VMCS_SECONDARY_CONTROLS);
	if (on) {
		vmcs_write(VMCS_PML_ADDRESS, (uint64_t)v->pml);
		vmcs_write(VMCS_PML_INDEX, 511);
		controls |= VMX_PROC2_PML;
	} else {
		controls &= ~(uint64_t)VMX_PROC2_PML;
	}
	vmcs_write(VMCS_SECONDARY_CONTROLS, controls);
	v->pml_on = on;
}

uint16_t vmx_take_pml(struct vcpu *v)
{
	uint16_t index;

	vmx_select(v);
	index = (uint16_t)vmcs_read(VMCS_PML_INDEX);
	if (index != 511)
		vmcs_write(VMCS_PML_INDEX, 511);
	return index;
}
