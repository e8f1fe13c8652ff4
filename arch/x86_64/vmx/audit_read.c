/* SPDX-License-Identifier: MIT */
/* audit_read.c: what the audit reads: the current VMCS, or a state record as it would be there; and the dump. */
#include "arch/x86_64/vmx/audit.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/log.h"

static const struct vcpu_state *image;	/* NULL: the current VMCS */

/* The rules of VM entry, over the state as it would be in a VMCS. */
void vmx_check(const struct vcpu_state *in, struct why_list *found)
{
	image = in;
	vmx_audit_guest(vmx_caps(), found);
	image = NULL;
}

/* The controls that vcpu_setup.c gives every vCPU, as far as rules on the guest depend on them. */
static uint64_t image_control(enum vmcs_field field)
{
	switch (field) {
	case VMCS_PIN_BASED_CONTROLS:	return VMX_PIN_NMI_EXITING | VMX_PIN_VIRTUAL_NMIS;
	case VMCS_PRIMARY_CONTROLS:	return VMX_PROC_SECONDARY_CONTROLS;
	case VMCS_SECONDARY_CONTROLS:	return VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED_GUEST;
	case VMCS_ENTRY_CONTROLS:
		return VMX_ENTRYC_LOAD_DEBUG_CONTROLS | VMX_ENTRYC_LOAD_PAT | VMX_ENTRYC_LOAD_EFER |
		       (image->efer & EFER_LMA ? VMX_ENTRYC_IA32E_MODE_GUEST : 0);
	case VMCS_VMCS_LINK_POINTER:	return ~0ull;
	default:			return 0;	/* active, no debug control */
	}
}

static uint64_t image_field(enum vmcs_field field)
{
	switch (field) {
	case VMCS_GUEST_CR0:
		return vmx_cr0_adjust(vmx_caps(), image->cr0 & ~(CR0_CD | CR0_NW), true);
	case VMCS_GUEST_CR4:			return image->cr4 | CR4_VMXE;
	case VMCS_ENTRY_INTERRUPTION_INFO:	return image->event;
	case VMCS_ENTRY_EXCEPTION_ERROR_CODE:	return image->event_error;
	case VMCS_ENTRY_INSTRUCTION_LENGTH:	return image->event_length;
	default:				break;
	}
	for (enum vcpu_reg r = VCPU_TSC_OFFSET + 1; field && r < VCPU_REGS; r++)
		if (vmx_field(r) == field)
			return vcpu_state_get(image, r);
	return image_control(field);
}

uint64_t audit_field(enum vmcs_field field)
{
	uint64_t value;

	if (image)
		return image_field(field);
	return vmx_vmread(field, &value) == VMX_SUCCEED ? value : 0;
}

void vmx_dump(void)
{
	enum vmcs_field field;
	uint64_t value;

	for (unsigned i = 0; vmcs_field_at(i, &field); i++)
		if (vmx_vmread(field, &value) == VMX_SUCCEED)
			log_error("vmx", "%04x %s = %llx", (unsigned)field, vmcs_field_name(field),
				  (unsigned long long)value);
}
