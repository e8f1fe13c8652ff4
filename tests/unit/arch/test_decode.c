/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/vmx/decode.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"

#define AT(name)	(*fake_vmcs_at(VMCS_##name))
#define IN_IRET		(1u << 12)

static struct vcpu v;
static unsigned failures;

enum err vmx_entry_failed(struct vcpu *c, enum vmx_status status)
{
	cr_expect(c == &v && status == VMX_SUCCEED);
	failures++;
	return ERR_INVALID;
}

static enum vcpu_exit_kind decode(uint32_t reason, uint64_t qualification)
{
	AT(EXIT_REASON) = reason;
	AT(EXIT_QUALIFICATION) = qualification;
	cr_expect_eq(vmx_decode(&v), ERR_OK);
	return v.exit.kind;
}

Test(decode, an_exit_has_a_kind_and_the_length_of_its_instruction)
{
	static const struct { uint32_t reason; enum vcpu_exit_kind kind; } row[] = {
		{ VMX_EXIT_EXTERNAL_INTERRUPT, VCPU_EXIT_INTERRUPT }, { VMX_EXIT_TRIPLE_FAULT, VCPU_EXIT_TRIPLE_FAULT },
		{ VMX_EXIT_CPUID, VCPU_EXIT_CPUID }, { 0x2bcd0000 | VMX_EXIT_HLT, VCPU_EXIT_HLT },
		{ VMX_EXIT_PREEMPTION_TIMER, VCPU_EXIT_TIMER }, { VMX_EXIT_WRMSR, VCPU_EXIT_WRMSR },
		{ VMX_EXIT_VMXON, VCPU_EXIT_UNDEFINED }, { VMX_EXIT_INVEPT, VCPU_EXIT_UNDEFINED },
		{ VMX_EXIT_MONITOR, VCPU_EXIT_UNDEFINED }, { VMX_EXIT_GETSEC, VCPU_EXIT_UNDEFINED },
	};

	AT(EXIT_INSTRUCTION_LENGTH) = 2;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		v.exit.length = 0;
		cr_expect_eq(decode(row[i].reason, 0), row[i].kind, "reason %x", row[i].reason);
		cr_expect_eq(v.exit.length, 2);
	}
}

Test(decode, a_reason_that_tern_has_no_use_for_is_named)
{
	cr_expect_eq(decode(VMX_EXIT_TASK_SWITCH, 0x1234), VCPU_EXIT_UNKNOWN);
	cr_expect(v.exit.unknown.reason == 9 && v.exit.unknown.detail == 0x1234);
	cr_expect_str_eq(v.exit.unknown.name, "TASK_SWITCH");
	cr_expect_eq(decode(VMX_EXIT_REASON_COUNT, 0), VCPU_EXIT_UNKNOWN);
	cr_expect_str_eq(v.exit.unknown.name, "?");
	cr_expect_eq(decode(35, 0), VCPU_EXIT_UNKNOWN, "a number that the SDM leaves out");
	cr_expect_eq(decode(0xffff, 0), VCPU_EXIT_UNKNOWN);
}

Test(decode, an_io_instruction_says_what_it_does)
{
	cr_expect_eq(decode(VMX_EXIT_IO_INSTRUCTION, 0x03f80000), VCPU_EXIT_IO);
	cr_expect(v.exit.io.port == 0x3f8 && v.exit.io.size == 1 && v.exit.io.flags == 0);
	decode(VMX_EXIT_IO_INSTRUCTION, 0x0cfc004b);	/* in, operand immediate */
	cr_expect(v.exit.io.port == 0xcfc && v.exit.io.size == 4 && v.exit.io.flags == VCPU_IO_IN);
	decode(VMX_EXIT_IO_INSTRUCTION, 0xffff0031);
	cr_expect(v.exit.io.port == 0xffff && v.exit.io.size == 2 && v.exit.io.flags == (VCPU_IO_STRING | VCPU_IO_REP));
}

Test(decode, an_access_to_a_control_register_says_what_it_does)
{
	cr_expect_eq(decode(VMX_EXIT_CONTROL_REGISTER, 0xf08), VCPU_EXIT_CR);
	cr_expect(v.exit.cr.access == VCPU_CR_WRITE && v.exit.cr.number == 8 && v.exit.cr.gpr == 15);
	decode(VMX_EXIT_CONTROL_REGISTER, 0x318);
	cr_expect(v.exit.cr.access == VCPU_CR_READ && v.exit.cr.number == 8 && v.exit.cr.gpr == GPR_RBX);
	decode(VMX_EXIT_CONTROL_REGISTER, 0x20);
	cr_expect_eq(v.exit.cr.access, VCPU_CR_CLTS);
	decode(VMX_EXIT_CONTROL_REGISTER, 0xfffe0070);	/* a memory operand */
	cr_expect(v.exit.cr.access == VCPU_CR_LMSW && v.exit.cr.source == 0xfffe);
}

Test(decode, an_access_to_memory_says_where_and_how)
{
	AT(GUEST_PHYSICAL_ADDRESS) = 0xfee000b0;
	cr_expect_eq(decode(VMX_EXIT_EPT_VIOLATION, 0x181), VCPU_EXIT_MEMORY);
	cr_expect_eq(v.exit.memory.at, 0xfee000b0);
	cr_expect_eq(v.exit.memory.flags, VCPU_MEMORY_OPERAND);
	decode(VMX_EXIT_EPT_VIOLATION, 0x82);
	cr_expect_eq(v.exit.memory.flags, VCPU_MEMORY_WRITE, "of a paging structure");
	decode(VMX_EXIT_EPT_VIOLATION, 0x104);
	cr_expect_eq(v.exit.memory.flags, VCPU_MEMORY_FETCH, "no linear address is known");
}

Test(decode, nmis_and_machine_checks_are_the_hosts_other_exceptions_the_guests)
{
	AT(EXIT_INTERRUPTION_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_NMI << 8 | VECTOR_NMI;
	cr_expect_eq(decode(VMX_EXIT_EXCEPTION_OR_NMI, 0), VCPU_EXIT_NMI);
	AT(EXIT_INTERRUPTION_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | VECTOR_MC;
	cr_expect_eq(decode(VMX_EXIT_EXCEPTION_OR_NMI, 0), VCPU_EXIT_MACHINE_CHECK);
	AT(EXIT_INTERRUPTION_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_INT1 << 8 | VECTOR_DB;
	cr_expect_eq(decode(VMX_EXIT_EXCEPTION_OR_NMI, 0), VCPU_EXIT_EXCEPTION);
}

Test(decode, an_instruction_without_end_may_have_lost_the_guests_state)
{
	cr_expect_eq(decode(VMX_EXIT_INSTRUCTION_TIMEOUT, 0), VCPU_EXIT_STUCK);
	cr_expect_not(v.exit.stuck.state_lost);
	decode(VMX_EXIT_INSTRUCTION_TIMEOUT, 1);
	cr_expect(v.exit.stuck.state_lost);
}

Test(decode, an_exit_within_iret_blocks_nmis_again)
{
	static const uint32_t reason[] = { VMX_EXIT_EPT_VIOLATION, VMX_EXIT_PAGE_MODIFICATION_LOG_FULL,
					   VMX_EXIT_INSTRUCTION_TIMEOUT };

	for (unsigned i = 0; i < 3; i++) {
		AT(GUEST_INTERRUPTIBILITY_STATE) = VCPU_BLOCKING_STI;
		AT(IDT_VECTORING_INFO) = 0;
		decode(reason[i], 0x800);
		cr_expect_eq(AT(GUEST_INTERRUPTIBILITY_STATE), VCPU_BLOCKING_STI, "reason %u", reason[i]);
		decode(reason[i], IN_IRET);
		cr_expect_eq(AT(GUEST_INTERRUPTIBILITY_STATE), VCPU_BLOCKING_STI | VCPU_BLOCKING_NMI, "reason %u",
			     reason[i]);
		AT(GUEST_INTERRUPTIBILITY_STATE) = 0;
		AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_INTERRUPT << 8 | 0x55;
		decode(reason[i], IN_IRET);
		cr_expect_eq(AT(GUEST_INTERRUPTIBILITY_STATE), 0, "the bit is undefined when an event was under way");
	}
}

Test(decode, an_event_that_an_exit_cut_short_is_kept_to_be_delivered_again)
{
	AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | 1u << 12 | VCPU_EVENT_INTERRUPT << 8 | 0x55;
	AT(IDT_VECTORING_ERROR_CODE) = 9;
	AT(EXIT_INSTRUCTION_LENGTH) = 2;
	decode(VMX_EXIT_EPT_VIOLATION, 0);
	cr_expect_eq(v.event, VCPU_EVENT_VALID | 0x55u, "without the bit that is undefined");
	cr_expect(v.event_error == 0 && v.event_length == 0);

	AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_ERROR | VCPU_EVENT_EXCEPTION << 8 | VECTOR_PF;
	decode(VMX_EXIT_EPT_VIOLATION, 0);
	cr_expect(v.event_error == 9 && v.event_length == 0);

	AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_INT_N << 8 | 0x80;
	decode(VMX_EXIT_EPT_VIOLATION, 0);
	cr_expect_eq(v.event_length, 2, "of INT n");

	AT(IDT_VECTORING_INFO) = 0x55;
	decode(VMX_EXIT_EPT_VIOLATION, 0);
	cr_expect_eq(v.event, 0, "not valid");
}

Test(decode, an_nmi_that_was_cut_short_does_not_block_itself)
{
	AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | VCPU_EVENT_NMI << 8 | VECTOR_NMI;
	AT(GUEST_INTERRUPTIBILITY_STATE) = VCPU_BLOCKING_NMI | VCPU_BLOCKING_STI;
	decode(VMX_EXIT_EPT_VIOLATION, 0);
	cr_expect_eq(AT(GUEST_INTERRUPTIBILITY_STATE), VCPU_BLOCKING_STI);
}

Test(decode, an_entry_that_failed_is_told_and_has_only_a_kind)
{
	AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | 0x55;
	AT(EXIT_REASON) = VMX_EXIT_ENTRY_FAILURE | VMX_EXIT_ENTRY_FAILURE_GUEST_STATE;
	cr_expect_eq(vmx_decode(&v), ERR_INVALID);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_UNKNOWN);
	AT(EXIT_REASON) = VMX_EXIT_ENTRY_FAILURE | VMX_EXIT_ENTRY_FAILURE_MACHINE_CHECK;
	cr_expect_eq(vmx_decode(&v), ERR_INVALID);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_MACHINE_CHECK);
	cr_expect(failures == 2 && !v.event);
}
