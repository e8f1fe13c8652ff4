/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/vmcb.h"
#include <criterion/criterion.h>
#include "arch/x86_64/svm/exit_code.h"
#include "arch/x86_64/vcpu_state.h"

#define OFFSET(field) ((field) & ((1u << VMCB_WIDTH_SHIFT) - 1))

Test(vmcb, fields_lie_where_the_apm_has_them)
{
	static const struct { uint32_t field, offset; const char *name; } known[] = {
		{ VMCB_INTERCEPT_EXCEPTIONS, 0x008, "INTERCEPT_EXCEPTIONS" },
		{ VMCB_GUEST_ASID, 0x058, "GUEST_ASID" },
		{ VMCB_TLB_CONTROL, 0x05c, "TLB_CONTROL" },
		{ VMCB_EXITCODE, 0x070, "EXITCODE" },
		{ VMCB_EXITINTINFO, 0x088, "EXITINTINFO" },
		{ VMCB_EVENTINJ, 0x0a8, "EVENTINJ" },
		{ VMCB_N_CR3, 0x0b0, "N_CR3" },
		{ VMCB_NRIP, 0x0c8, "NRIP" },
		{ VMCB_CPL, 0x4cb, "CPL" },
		{ VMCB_CR0, 0x558, "CR0" },
		{ VMCB_RIP, 0x578, "RIP" },
		{ VMCB_RSP, 0x5d8, "RSP" },
		{ VMCB_RAX, 0x5f8, "RAX" },
		{ VMCB_CR2, 0x640, "CR2" },
		{ VMCB_G_PAT, 0x668, "G_PAT" },
		{ VMCB_SEGMENT(SELECTOR, SEG_CS), 0x410, "CS_SELECTOR" },
		{ VMCB_SEGMENT(ATTRIB, SEG_GS), 0x452, "GS_ATTRIB" },
		{ VMCB_SEGMENT(LIMIT, SEG_LDTR), 0x474, "LDTR_LIMIT" },
		{ VMCB_SEGMENT(BASE, SEG_TR), 0x498, "TR_BASE" },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		cr_expect_eq(OFFSET(known[i].field), known[i].offset, "%s", known[i].name);
		cr_expect_str_eq(vmcb_field_name((enum vmcb_field)known[i].field), known[i].name);
	}
	cr_expect_str_eq(vmcb_field_name((enum vmcb_field)0xfff), "?");
}

Test(vmcb, fields_stand_in_order_and_none_lies_in_another)
{
#define ROW(offset, bytes, name) { offset, bytes, #name },
	static const struct { uint32_t offset, bytes; const char *name; } row[] = { VMCB_FIELDS(ROW) };
	uint32_t end = 0;

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		cr_expect(row[i].offset >= end && row[i].offset % row[i].bytes == 0, "%s", row[i].name);
		end = row[i].offset + row[i].bytes;
	}
}

Test(vmcb, a_field_is_read_and_written_in_its_width_alone)
{
	struct vmcb b;

	memset(&b, 0xee, sizeof(b));
	vmcb_write(&b, VMCB_TLB_CONTROL, 0x1203);
	vmcb_write(&b, VMCB_GUEST_ASID, 0x100000005);
	cr_expect_eq(vmcb_read(&b, VMCB_TLB_CONTROL), 3);
	cr_expect_eq(vmcb_read(&b, VMCB_GUEST_ASID), 5);
	cr_expect_eq(b.byte[0x5d], 0xee);
	vmcb_change(&b, VMCB_GUEST_ASID, 4, false);
	cr_expect_eq(vmcb_read(&b, VMCB_GUEST_ASID), 1);
	vmcb_change(&b, VMCB_GUEST_ASID, 8, true);
	cr_expect_eq(vmcb_read(&b, VMCB_GUEST_ASID), 9);
}

Test(vmcb, exit_codes_have_names)
{
	cr_expect_str_eq(svm_exit_name(SVM_EXIT_NPF), "NPF");
	cr_expect_str_eq(svm_exit_name(0x72), "CPUID");
	cr_expect_str_eq(svm_exit_name(0x999), "?");
}
