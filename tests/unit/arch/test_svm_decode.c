/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/decode.h"
#include <criterion/criterion.h>
#include "arch/x86_64/svm/exit_code.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/svm/vcpu_svm.h"

#define RIP		0x1000ull
#define ALL		(SVM_FEATURE_NRIPS | SVM_FEATURE_DECODE_ASSISTS)
#define OPERAND		(1ull << 32)
#define WALK		(1ull << 33)

static struct svm_raw caps;
static struct vmcb vmcb;
static struct vcpu v;

const struct svm_raw *svm_caps(void) { return &caps; }
void vcpu_inject(struct vcpu *c, uint32_t event, uint32_t error, uint32_t length)
{
	c->event = event;
	c->event_error = error;
	c->event_length = length;
}

static void fresh(void)
{
	memset(&vmcb, 0, sizeof(vmcb));
	v = (struct vcpu){ .svm.vmcb = &vmcb };
	caps.features = ALL;
	vmcb_write(&vmcb, VMCB_RIP, RIP);
}

TestSuite(svm_decode, .init = fresh);

static enum vcpu_exit_kind decode(uint64_t code, uint64_t info1, uint64_t info2)
{
	vmcb_write(&vmcb, VMCB_EXITCODE, code);
	vmcb_write(&vmcb, VMCB_EXITINFO1, info1);
	vmcb_write(&vmcb, VMCB_EXITINFO2, info2);
	cr_expect_eq(svm_decode(&v), ERR_OK);
	return v.exit.kind;
}

Test(svm_decode, every_code_of_the_table_is_found)
{
#define ROW(code, name, kind, length) { code, VCPU_EXIT_##kind },
	static const struct { uint32_t code, kind; } row[] = { SVM_EXIT_CODES(ROW) };

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		cr_expect_eq(decode(row[i].code, 1ull << 63, 0),
			     row[i].code == SVM_EXIT_MSR ? VCPU_EXIT_RDMSR : row[i].kind, "%x", row[i].code);
}

Test(svm_decode, a_code_without_use_is_named)
{
	cr_expect_eq(decode(SVM_EXIT_TASK_SWITCH, 0x1234, 0), VCPU_EXIT_UNKNOWN);
	cr_expect(v.exit.unknown.reason == 0x7d && v.exit.unknown.detail == 0x1234);
	cr_expect_str_eq(v.exit.unknown.name, "TASK_SWITCH");
	cr_expect_eq(decode(0x402, 0, 0), VCPU_EXIT_UNKNOWN);
	cr_expect_str_eq(v.exit.unknown.name, "?");
}

Test(svm_decode, a_guest_that_was_not_entered_is_told_in_32_bits_or_64)
{
	vmcb_write(&vmcb, VMCB_EXITCODE, ~0ull);
	cr_expect_eq(svm_decode(&v), ERR_INVALID);
	vmcb_write(&vmcb, VMCB_EXITCODE, 0xffffffff);
	cr_expect_eq(svm_decode(&v), ERR_INVALID);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_UNKNOWN);
}

Test(svm_decode, the_next_rip_says_an_instructions_length)
{
	vmcb_write(&vmcb, VMCB_NRIP, RIP + 4);
	cr_expect_eq(decode(SVM_EXIT_CPUID, 0, 0), VCPU_EXIT_CPUID);
	cr_expect_eq(v.exit.length, 4, "with prefixes");
}

Test(svm_decode, without_the_next_rip_the_code_has_to_be_read)
{
	caps.features = 0;
	cr_expect_eq(decode(SVM_EXIT_HLT, 0, 0), VCPU_EXIT_UNDECODED);
	cr_expect(v.exit.undecoded == VCPU_EXIT_HLT && v.exit.length == 1);
	cr_expect_eq(decode(SVM_EXIT_MSR, 1, 0), VCPU_EXIT_UNDECODED);
	cr_expect(v.exit.undecoded == VCPU_EXIT_WRMSR && v.exit.length == 2);
	cr_expect_eq(decode(SVM_EXIT_VMRUN, 0, 0), VCPU_EXIT_UNDEFINED, "nobody moves past it");
	cr_expect_eq(decode(SVM_EXIT_IOIO, 0x10, RIP + 1), VCPU_EXIT_IO, "EXITINFO2 tells");
}

Test(svm_decode, an_io_instruction_says_what_it_does)
{
	cr_expect_eq(decode(SVM_EXIT_IOIO, 0x03f80010, RIP + 1), VCPU_EXIT_IO);
	cr_expect(v.exit.io.port == 0x3f8 && v.exit.io.size == 1 && v.exit.io.flags == 0 && v.exit.length == 1);
	decode(SVM_EXIT_IOIO, 0x0cfc0041, RIP + 2);
	cr_expect(v.exit.io.port == 0xcfc && v.exit.io.size == 4 && v.exit.io.flags == VCPU_IO_IN &&
		  v.exit.length == 2);
	decode(SVM_EXIT_IOIO, 0xffff002c, RIP + 3);
	cr_expect(v.exit.io.port == 0xffff && v.exit.io.size == 2 && v.exit.io.flags == (VCPU_IO_STRING | VCPU_IO_REP));
}

Test(svm_decode, an_access_to_a_control_register_says_what_it_does_where_the_cpu_assists)
{
	cr_expect_eq(decode(SVM_EXIT_CR4_WRITE, 1ull << 63 | 9, 0), VCPU_EXIT_CR);
	cr_expect(v.exit.cr.number == 4 && v.exit.cr.access == VCPU_CR_WRITE && v.exit.cr.gpr == 9);
	cr_expect_eq(decode(SVM_EXIT_CR8_READ, 1ull << 63 | 3, 0), VCPU_EXIT_CR);
	cr_expect(v.exit.cr.number == 8 && v.exit.cr.access == VCPU_CR_READ && v.exit.cr.gpr == GPR_RBX);
	caps.features = SVM_FEATURE_NRIPS;
	cr_expect_eq(decode(SVM_EXIT_CR4_READ, 0, 0), VCPU_EXIT_UNDECODED);
	cr_expect(v.exit.undecoded == VCPU_EXIT_CR && v.exit.cr.number == 4 && v.exit.cr.access == VCPU_CR_READ);
	caps.features = 0;
	cr_expect_eq(decode(SVM_EXIT_CR8_WRITE, 0, 0), VCPU_EXIT_UNDECODED);
	cr_expect(v.exit.undecoded == VCPU_EXIT_CR && v.exit.cr.number == 8 && v.exit.cr.access == VCPU_CR_WRITE);
}

Test(svm_decode, a_nested_page_fault_says_what_was_tried)
{
	cr_expect_eq(decode(SVM_EXIT_NPF, OPERAND | 6, 0xfee00300), VCPU_EXIT_MEMORY);
	cr_expect(v.exit.memory.at == 0xfee00300 && v.exit.memory.flags == (VCPU_MEMORY_OPERAND | VCPU_MEMORY_WRITE));
	decode(SVM_EXIT_NPF, OPERAND | 0x14, 0x200000);
	cr_expect_eq(v.exit.memory.flags, VCPU_MEMORY_OPERAND | VCPU_MEMORY_FETCH);
	decode(SVM_EXIT_NPF, WALK | 7, 0x200000);
	cr_expect_eq(v.exit.memory.flags, VCPU_MEMORY_WRITE, "of a paging structure");
}

Test(svm_decode, a_delivery_that_was_cut_short_is_due_again)
{
	vmcb_write(&vmcb, VMCB_EXITINTINFO, 0x780000b0e);
	decode(SVM_EXIT_NPF, OPERAND, 0);
	cr_expect(v.event == 0x80000b0e && v.event_error == 7);
	vmcb_write(&vmcb, VMCB_EXITINTINFO, 0x80000030);
	decode(SVM_EXIT_NPF, OPERAND, 0);
	cr_expect(v.event == 0x80000030 && v.event_error == 0);
	vmcb_write(&vmcb, VMCB_EXITINTINFO, 0);
	decode(SVM_EXIT_NPF, OPERAND, 0);
	cr_expect_eq(v.event, 0);
}

Test(svm_decode, software_interrupts_are_executed_again)
{
	static const uint32_t event[] = { 0x80000480, 0x80000303, 0x80000304 };

	for (unsigned i = 0; i < 3; i++) {
		vmcb_write(&vmcb, VMCB_EXITINTINFO, event[i]);
		decode(SVM_EXIT_NPF, OPERAND, 0);
		cr_expect_eq(v.event, 0, "%x", event[i]);
	}
}

Test(svm_decode, nmis_are_blocked_until_the_handlers_iret_has_been_executed)
{
	svm_block_nmis(&v, true);
	cr_expect(vmcb_read(&vmcb, VMCB_INTERCEPT_1) & INTERCEPT_IRET);
	decode(SVM_EXIT_INTR, 0, 0);
	cr_expect(v.svm.nmi_blocked);
	cr_expect_eq(decode(SVM_EXIT_IRET, 0, 0), VCPU_EXIT_NMI_WINDOW);
	cr_expect(v.svm.nmi_blocked && !(vmcb_read(&vmcb, VMCB_INTERCEPT_1) & INTERCEPT_IRET), "it is executed next");
	decode(SVM_EXIT_NPF, OPERAND, 0);
	cr_expect(v.svm.nmi_blocked, "RIP is still on it");
	vmcb_write(&vmcb, VMCB_RIP, 0x5000);
	decode(SVM_EXIT_INTR, 0, 0);
	cr_expect_not(v.svm.nmi_blocked);
}

Test(svm_decode, an_nmi_whose_delivery_was_cut_short_blocks_none)
{
	svm_block_nmis(&v, true);
	vmcb_write(&vmcb, VMCB_EXITINTINFO, 0x80000202);
	decode(SVM_EXIT_NPF, OPERAND, 0);
	cr_expect(v.event == 0x80000202 && !v.svm.nmi_blocked);
}

Test(svm_decode, exceptions_go_on_to_the_guest)
{
	vmcb_write(&vmcb, VMCB_DR7, 0x2400);
	vmcb_write(&vmcb, VMCB_INTERRUPT_SHADOW, 1);
	cr_expect_eq(decode(SVM_EXIT_EXCEPTION_DB, 0, 0), VCPU_EXIT_EXCEPTION);
	svm_reflect_exception(&v);
	cr_expect_eq(v.event, 0x80000301);
	cr_expect_eq(vmcb_read(&vmcb, VMCB_DR7), 0x400, "GD is clear in the handler");
	cr_expect_eq(vmcb_read(&vmcb, VMCB_INTERRUPT_SHADOW), 0);
	decode(SVM_EXIT_EXCEPTION_AC, 0, 0);
	svm_reflect_exception(&v);
	cr_expect_eq(v.event, 0x80000b11, "with an error code");
	cr_expect_eq(decode(SVM_EXIT_EXCEPTION_MC, 0, 0), VCPU_EXIT_MACHINE_CHECK);
}

Test(svm_decode, the_window_is_a_virtual_interrupt_that_exits)
{
	svm_want_interrupt_window(&v, true);
	cr_expect(vmcb_read(&vmcb, VMCB_INTERCEPT_1) & INTERCEPT_VINTR);
	cr_expect_eq(vmcb_read(&vmcb, VMCB_VIRTUAL_INTERRUPT), VIRTUAL_IRQ | VIRTUAL_IRQ_PRIORITY | VIRTUAL_IGNORE_TPR);
	svm_want_interrupt_window(&v, false);
	cr_expect_eq(vmcb_read(&vmcb, VMCB_INTERCEPT_1), 0);
	cr_expect_eq(vmcb_read(&vmcb, VMCB_VIRTUAL_INTERRUPT), 0);
}
