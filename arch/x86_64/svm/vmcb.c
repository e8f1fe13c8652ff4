/* SPDX-License-Identifier: MIT */
/* vmcb.c: names of VMCB fields and exit codes, and the dump. */
#include "arch/x86_64/svm/vmcb.h"
#include "arch/x86_64/svm/exit_code.h"
#include "lib/log.h"

#define ROW_FIELD(offset, bytes, name)	{ VMCB_##name, #name },
#define ROW_EXIT(code, name, kind, length)	{ code, #name },

struct name { uint32_t value; const char *text; };
static const struct name fields[] = { VMCB_FIELDS(ROW_FIELD) };
static const struct name exits[] = { SVM_EXIT_CODES(ROW_EXIT) };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *find(const struct name *table, unsigned count, uint32_t value)
{
	for (unsigned i = 0; i < count; i++)
		if (table[i].value == value)
			return table[i].text;
	return "?";
}

const char *vmcb_field_name(enum vmcb_field field)
{
	return find(fields, COUNT(fields), field);
}

const char *svm_exit_name(uint32_t code)
{
	return find(exits, COUNT(exits), code);
}

void vmcb_dump(const struct vmcb *b)
{
	for (unsigned i = 0; i < COUNT(fields); i++)
		log_error("svm", "%03x %s = %llx", fields[i].value & 0xfff, fields[i].text,
			  (unsigned long long)vmcb_read(b, (enum vmcb_field)fields[i].value));
}
