/* SPDX-License-Identifier: MIT */
/* vmcs.c: names of VMCS fields, exit reasons and VM-instruction errors. */
#include "arch/x86_64/vmx/vmcs.h"
#include <stddef.h>
#include "lib/log.h"

struct name { uint32_t value; const char *text; };

#define ROW_FIELD(encoding, name)	{ encoding, #name },
#define ROW_ERROR(number, name, text)	{ number, text },
#define ROW_EXIT(number, name, kind)	{ number, #name },

static const struct name fields[] = { VMCS_FIELDS(ROW_FIELD) };
static const struct name errors[] = { VMX_ERRORS(ROW_ERROR) };
static const struct name exits[] = { VMX_EXIT_REASONS(ROW_EXIT) };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *find(const struct name *table, size_t count, uint32_t value)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].value == value)
			return table[i].text;
	return "?";
}

const char *vmcs_field_name(enum vmcs_field field)
{
	return find(fields, COUNT(fields), field);
}

const char *vmx_error_text(uint32_t number)
{
	return find(errors, COUNT(errors), number);
}

const char *vmx_exit_reason_name(uint32_t basic_reason)
{
	return find(exits, COUNT(exits), basic_reason);
}

_Bool vmcs_field_at(unsigned index, enum vmcs_field *field)
{
	if (index >= COUNT(fields))
		return 0;
	*field = (enum vmcs_field)fields[index].value;
	return 1;
}

void vmcs_failed(const char *operation, enum vmcs_field field, enum vmx_status status)
{
	uint64_t error = 0;

	if (status == VMX_FAIL_VALID)
		(void)vmx_vmread(VMCS_INSTRUCTION_ERROR, &error);
	panic("%s of %s (%x) failed: %s", operation, vmcs_field_name(field), (unsigned)field,
	      error ? vmx_error_text((uint32_t)error) : "no current VMCS");
}
