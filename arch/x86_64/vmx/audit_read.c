/* SPDX-License-Identifier: MIT */
/* audit_read.c: the audit's access to the real VMCS, and the dump. */
#include "arch/x86_64/vmx/audit.h"
#include "lib/log.h"

uint64_t audit_field(enum vmcs_field field)
{
	uint64_t value;

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
