/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"

#define EXCEPTION(vector)	(VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | (vector))
#define EXCEPTION_ERROR(vector)	(EXCEPTION(vector) | VCPU_EVENT_ERROR)
#define INT1			(VCPU_EVENT_VALID | VCPU_EVENT_INT1 << 8 | VECTOR_DB)
#define DR6_NONE		0xffff0ff0ull
#define LONG_CS			0xa09b
#define FLAT_CS			0xc09b

static const struct vmx_caps caps;
static struct vcpu v;

const struct vmx_caps *vmx_caps(void) { return &caps; }

static const struct virt_ops ops = {
	.get = vmx_get, .set = vmx_set, .skip = vmx_skip, .reflect_exception = vmx_reflect_exception,
};
const struct virt_ops *virt = &ops;

static void fresh(void)
{
	v = (struct vcpu){ .exit.length = 2, .loaded = true };
	fake_cpu.dr6 = DR6_NONE;
	*fake_vmcs_at(VMCS_GUEST_RIP) = 0x1000;
	*fake_vmcs_at(VMCS_GUEST_RFLAGS) = 2;
	*fake_vmcs_at(VMCS_GUEST_DR7) = 0x400;
	*fake_vmcs_at(VMCS_GUEST_EFER) = EFER_LME | EFER_LMA;
	*fake_vmcs_at(VMCS_GUEST_CS_ACCESS_RIGHTS) = LONG_CS;
	*fake_vmcs_at(VMCS_GUEST_INTERRUPTIBILITY_STATE) = 0;
	*fake_vmcs_at(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) = 0;
}

TestSuite(vcpu_event, .init = fresh);

/* An exit for the exception @info. */
static void exception(uint32_t info, uint64_t qualification)
{
	*fake_vmcs_at(VMCS_EXIT_INTERRUPTION_INFO) = info;
	*fake_vmcs_at(VMCS_EXIT_INTERRUPTION_ERROR_CODE) = 0x1234;
	*fake_vmcs_at(VMCS_EXIT_QUALIFICATION) = qualification;
	vcpu_reflect_exception(&v);
}

Test(vcpu_event, a_debug_exception_leaves_its_causes_in_dr6_as_its_delivery_would)
{
	static const struct { uint64_t before, causes, after; } row[] = {
		{ DR6_NONE, 1 << 14, DR6_NONE | 1 << 14 },		/* a step */
		{ DR6_NONE, 5, DR6_NONE | 5 },
		{ DR6_NONE | 1 << 14 | 3, 8, DR6_NONE | 1 << 14 | 8 },	/* B0-B3 are of this one, the rest stays */
		{ DR6_NONE, 1 << 13, DR6_NONE | 1 << 13 },
		{ DR6_NONE, 1 << 16, DR6_NONE & ~(1ull << 16) },	/* RTM, active low */
		{ DR6_NONE & ~(1ull << 16), 1, DR6_NONE | 1 },
		{ DR6_NONE, 1 << 11, DR6_NONE & ~(1ull << 11) },	/* a bus lock, active low */
		{ DR6_NONE, 1 << 12 | 2, DR6_NONE | 2 },		/* "enabled breakpoint" is no bit of DR6 */
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		v.event = 0;
		fake_cpu.dr6 = row[i].before;
		exception(EXCEPTION(VECTOR_DB), row[i].causes);
		cr_expect_eq(fake_cpu.dr6, row[i].after, "row %u: %lx", i, fake_cpu.dr6);
		cr_expect_eq(v.event, EXCEPTION(VECTOR_DB));
		cr_expect_eq(v.event_length, 0);
	}
}

Test(vcpu_event, a_debug_exception_clears_general_detection)
{
	*fake_vmcs_at(VMCS_GUEST_DR7) = 0x2401;
	exception(EXCEPTION(VECTOR_DB), 1 << 13);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_DR7), 0x401);
}

Test(vcpu_event, int1_goes_in_as_the_instruction_that_it_is)
{
	v.exit.length = 1;
	exception(INT1, 0);
	cr_expect_eq(v.event, INT1);
	cr_expect_eq(v.event_length, 1);
	cr_expect_eq(fake_cpu.dr6, DR6_NONE);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_RIP), 0x1000);
}

Test(vcpu_event, an_alignment_check_keeps_its_error_code)
{
	exception(EXCEPTION_ERROR(VECTOR_AC), 0);
	cr_expect_eq(v.event, EXCEPTION_ERROR(VECTOR_AC));
	cr_expect_eq(v.event_error, 0x1234);
	cr_expect_eq(fake_cpu.dr6, DR6_NONE);
}

Test(vcpu_event, an_exception_that_is_delivered_ends_the_blocking_by_sti_and_mov_ss)
{
	*fake_vmcs_at(VMCS_GUEST_INTERRUPTIBILITY_STATE) = VCPU_BLOCKING_NMI | VCPU_BLOCKING_MOV_SS;
	exception(EXCEPTION(VECTOR_DB), 1);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_INTERRUPTIBILITY_STATE), VCPU_BLOCKING_NMI);
}

Test(vcpu_event, two_exceptions_are_the_second_a_double_fault_or_a_shutdown)
{
	enum { S = VCPU_NESTED_SECOND, D = VCPU_NESTED_DOUBLE, X = VCPU_NESTED_SHUTDOWN };
	static const unsigned vector[] = { 1, 13, 14, 17, 0, 20, 21, 3 };
	static const struct { uint32_t first; uint8_t want[8]; } row[] = {
		{ EXCEPTION(VECTOR_DB), { S, S, S, S, S, S, S, S } },
		{ EXCEPTION_ERROR(13), { S, D, S, S, D, S, D, S } },
		{ EXCEPTION(0), { S, D, S, S, D, S, D, S } },
		{ EXCEPTION_ERROR(14), { S, D, D, S, D, D, D, S } },
		{ EXCEPTION_ERROR(8), { S, X, X, S, X, X, X, S } },
		{ EXCEPTION_ERROR(VECTOR_AC), { S, S, S, S, S, S, S, S } },
		{ VCPU_EVENT_VALID | VCPU_EVENT_INTERRUPT << 8 | 13, { S, S, S, S, S, S, S, S } },
		{ VCPU_EVENT_VALID | VCPU_EVENT_INT_N << 8 | 14, { S, S, S, S, S, S, S, S } },
		{ 0, { S, S, S, S, S, S, S, S } },
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (unsigned k = 0; k < 8; k++)
			cr_expect_eq(vcpu_event_nested(row[i].first, EXCEPTION(vector[k])), row[i].want[k], "%x and %u",
				     row[i].first, vector[k]);
}

Test(vcpu_event, a_fault_in_a_delivery_does_not_just_take_its_place)
{
	v.event = EXCEPTION_ERROR(14);
	vcpu_inject_exception(&v, 13, true, 7);
	cr_expect_eq(v.event, EXCEPTION_ERROR(VECTOR_DF));
	cr_expect_eq(v.event_error, 0);
	cr_expect_not(v.shutdown);
	vcpu_inject_exception(&v, 13, true, 0);
	cr_expect(v.shutdown);
	cr_expect_eq(v.event, EXCEPTION_ERROR(VECTOR_DF), "which a host that it moves to before delivers again");
}

Test(vcpu_event, an_nmi_whose_delivery_failed_blocks_the_next_until_iret)
{
	v.event = VCPU_EVENT_VALID | VCPU_EVENT_NMI << 8 | VECTOR_NMI;
	exception(EXCEPTION(VECTOR_DB), 1);
	cr_expect_eq(v.event, EXCEPTION(VECTOR_DB));
	cr_expect(*fake_vmcs_at(VMCS_GUEST_INTERRUPTIBILITY_STATE) & VCPU_BLOCKING_NMI);
}

Test(vcpu_event, the_host_steps_over_an_instruction_as_the_guest_single_steps)
{
	*fake_vmcs_at(VMCS_GUEST_RFLAGS) = 2 | RFLAGS_TF;
	vcpu_skip(&v);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_RIP), 0x1002);
	cr_expect_eq(v.event, EXCEPTION(VECTOR_DB));
	cr_expect_eq(fake_cpu.dr6, DR6_NONE | 1 << 14);
}

Test(vcpu_event, a_trap_that_mov_ss_held_back_comes_after_the_next_instruction)
{
	*fake_vmcs_at(VMCS_GUEST_INTERRUPTIBILITY_STATE) = VCPU_BLOCKING_MOV_SS;
	*fake_vmcs_at(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) = VCPU_PENDING_ENABLED | 2;
	vcpu_skip(&v);
	cr_expect_eq(v.event, EXCEPTION(VECTOR_DB));
	cr_expect_eq(fake_cpu.dr6, DR6_NONE | 2);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS), 0);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
}

Test(vcpu_event, an_instruction_that_ended_leaves_no_rf)
{
	*fake_vmcs_at(VMCS_GUEST_RFLAGS) = 2 | RFLAGS_RF;
	vcpu_skip(&v);
	cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_RFLAGS), 2);
	cr_expect_eq(v.event, 0);
}

Test(vcpu_event, rip_wraps_at_4_gib_but_in_64_bit_code)
{
	static const struct { uint64_t access, efer, rip, after; } row[] = {
		{ FLAT_CS, 0, 0xfffffffe, 0 },
		{ FLAT_CS, EFER_LME | EFER_LMA, 0xfffffffe, 0 },	/* compatibility mode */
		{ LONG_CS, EFER_LME | EFER_LMA, 0xfffffffe, 0x100000000 },
		{ LONG_CS, 0, 0xffffffff, 1 },				/* bit 13 means nothing there */
		{ FLAT_CS, 0, 0xfffffffd, 0xffffffff },
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		*fake_vmcs_at(VMCS_GUEST_CS_ACCESS_RIGHTS) = row[i].access;
		*fake_vmcs_at(VMCS_GUEST_EFER) = row[i].efer;
		*fake_vmcs_at(VMCS_GUEST_RIP) = row[i].rip;
		vcpu_skip(&v);
		cr_expect_eq(*fake_vmcs_at(VMCS_GUEST_RIP), row[i].after, "row %u", i);
	}
}
