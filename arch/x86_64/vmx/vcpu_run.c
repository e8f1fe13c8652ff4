/* SPDX-License-Identifier: MIT */
/* vcpu_run.c: entering the guest and coming back, and the registers that no VMCS field holds. */
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/audit.h"
#include "arch/x86_64/vmx/mitigate.h"
#include "arch/x86_64/vmx/vcpu_local.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/log.h"

uint32_t vmx_enter(uint64_t gpr[16], bool launched);

/* What vcpu_load swaps by hand, since no VMCS field holds it. */
static const uint32_t swapped[5] = {
	MSR_IA32_STAR, MSR_IA32_LSTAR, MSR_IA32_CSTAR, MSR_IA32_FMASK, MSR_IA32_KERNEL_GS_BASE
};

void vcpu_make_current(struct vcpu *v)
{
	struct cpu *c = cpu_this();

	if (c->vcpu == v)
		return;
	if (vmx_vmptrld(v->vmcs) != VMX_SUCCEED)
		panic("VMPTRLD failed for %llx", (unsigned long long)v->vmcs);
	c->vcpu = v;
}

/* The guest's turn begins: what other guests trained is forgotten, and what Tern read since lies in no cache that it can look into.
 * Between its own exits Tern reads what is its own, so that is not done again. */
static void close_leaks(const struct vcpu *v)
{
	struct cpu *c = cpu_this();

	if (mitigate_has(MITIGATE_IBPB) && c->ran != v->vpid)
		msr_write(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	c->ran = v->vpid;
	if (mitigate_has(MITIGATE_L1D))
		msr_write(MSR_IA32_FLUSH_CMD, FLUSH_CMD_L1D);
}

void vcpu_load(struct vcpu *v)
{
	vcpu_make_current(v);
	for (unsigned i = 0; i < 5; i++) {
		v->host_msr[i] = msr_read(swapped[i]);
		msr_write(swapped[i], v->msr[i]);
	}
	if (vmx_caps_has(vmx_caps(), VMX_FEATURE_RDTSCP))
		msr_write(MSR_IA32_TSC_AUX, v->tsc_aux);
	cr2_write(v->cr2);
	dr0_write(v->dr[0]);
	dr1_write(v->dr[1]);
	dr2_write(v->dr[2]);
	dr3_write(v->dr[3]);
	dr6_write(v->dr6);
	xcr0_write(v->limits.xcr0_mask);
	xrstor(v->xsave, v->limits.xcr0_mask);
	xcr0_write(v->xcr0);
	v->loaded = true;
	if (mitigate_mask)
		close_leaks(v);
}

void vcpu_put(struct vcpu *v)
{
	xcr0_write(v->limits.xcr0_mask);
	xsave(v->xsave, v->limits.xcr0_mask);
	xcr0_write(3);
	fpu_reset();
	v->dr[0] = dr0_read();
	v->dr[1] = dr1_read();
	v->dr[2] = dr2_read();
	v->dr[3] = dr3_read();
	v->dr6 = dr6_read();
	v->cr2 = cr2_read();
	for (unsigned i = 0; i < 5; i++) {
		v->msr[i] = msr_read(swapped[i]);
		msr_write(swapped[i], v->host_msr[i]);
	}
	v->loaded = false;
}

static enum err entry_failed(struct vcpu *v, uint32_t status)
{
	struct why_list found = { 0 };

	if (status == VMX_FAIL_VALID)
		log_error("vmx", "VM entry failed: VM-instruction error %s", vmx_error_text((uint32_t)vmcs_read(VMCS_INSTRUCTION_ERROR)));
	else if (status == VMX_FAIL_INVALID)
		log_error("vmx", "VM entry failed: VMfailInvalid, no current VMCS");
	else
		log_error("vmx", "VM entry failed: %s, qualification %llx", vmx_exit_reason_name(v->exit.reason),
			  (unsigned long long)v->exit.qualification);
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

/* An event whose delivery was cut short by the exit must be delivered again. */
static void keep_interrupted_event(struct vcpu *v)
{
	uint32_t info = (uint32_t)vmcs_read(VMCS_IDT_VECTORING_INFO);

	v->event = 0;
	if (!(info & INTERRUPTION_VALID))
		return;
	v->event = info & (INTERRUPTION_VALID | 0xfff);
	v->event_error = info & INTERRUPTION_ERROR ? (uint32_t)vmcs_read(VMCS_IDT_VECTORING_ERROR_CODE) : 0;
	v->event_length = INTERRUPTION_TYPE(info) >= EVENT_SOFTWARE ? (uint32_t)vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH) : 0;
	if (INTERRUPTION_TYPE(info) == EVENT_NMI)
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) & ~(uint64_t)BLOCKING_NMI);
}

enum err vcpu_run(struct vcpu *v, uint64_t timer_tsc)
{
	uint64_t ticks = timer_tsc >> v->timer_shift;
	uint32_t status, reason;

	vmcs_write(VMCS_PREEMPTION_TIMER_VALUE, ticks > 0xffffffff ? 0xffffffff : ticks);
	if (v->event) {
		if (v->shutdown) {
			v->shutdown = false;
			v->event = 0;
			v->exit = (struct vcpu_exit){ .reason = VMX_EXIT_TRIPLE_FAULT };
			return ERR_OK;
		}
		vmcs_write(VMCS_ENTRY_INTERRUPTION_INFO, v->event);
		vmcs_write(VMCS_ENTRY_EXCEPTION_ERROR_CODE, v->event_error);
		vmcs_write(VMCS_ENTRY_INSTRUCTION_LENGTH, v->event_length);
	}
	if (__builtin_expect(mitigate_has(MITIGATE_VERW), 0))
		cpu_verw();
	status = vmx_enter(v->gpr, v->launched);
	if (__builtin_expect(status != 0, 0))
		return entry_failed(v, status);
	v->launched = true;
	reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON);
	v->exit.reason = reason & 0xffff;
	v->exit.qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	v->exit.instruction_length = (uint32_t)vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH);
	if (__builtin_expect(reason & VMX_EXIT_ENTRY_FAILURE, 0))
		return entry_failed(v, 0);
	keep_interrupted_event(v);
	return ERR_OK;
}

void vcpu_set_pml(struct vcpu *v, bool on)
{
	uint64_t controls;

	vcpu_make_current(v);
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

uint16_t vcpu_take_pml(struct vcpu *v)
{
	uint16_t index;

	vcpu_make_current(v);
	index = (uint16_t)vmcs_read(VMCS_PML_INDEX);
	if (index != 511)
		vmcs_write(VMCS_PML_INDEX, 511);
	return index;
}
