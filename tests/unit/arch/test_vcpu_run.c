/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include "arch/x86_64/vmx/audit.h"
#include "arch/x86_64/vmx/mitigate.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"

#define ENTRY_FAILED	(1u << 31)
#define AT(name)	(*fake_vmcs_at(VMCS_##name))

static struct vmx_caps caps;
static struct cpu cpu;
static struct vcpu v, other;
static unsigned entries, audits;
static bool launched;
static enum vmx_status enter_status;
static uint32_t verws_at_entry;
static uint64_t entry_info;

const struct vmx_caps *vmx_caps(void) { return &caps; }
void vmx_dump(void) { }

static const struct virt_ops ops = { .load = vmx_load, .put = vmx_put };
const struct virt_ops *virt = &ops;

unsigned vmx_audit(const struct vmx_caps *c, struct why_list *found)
{
	audits += c == &caps;
	return found->count;
}

/* The guest: what the exit left in the VMCS is there before. */
enum vmx_status vmx_enter(uint64_t gpr[16], bool again);
enum vmx_status vmx_enter(uint64_t gpr[16], bool again)
{
	cr_assert_eq(gpr, v.gpr);
	entries++;
	launched = again;
	verws_at_entry = fake_cpu.verws;
	entry_info = AT(ENTRY_INTERRUPTION_INFO);
	AT(ENTRY_INTERRUPTION_INFO) = 0;
	return enter_status;
}

static void fresh(void)
{
	caps = (struct vmx_caps){ .features = 1u << VMX_FEATURE_RDTSCP };
	v = (struct vcpu){ .vmx = { .vmcs = 0x1000, .vpid = 1, .timer_shift = 5 }, .xcr0 = 3, .limits.xcr0_mask = 7 };
	other = (struct vcpu){ .vmx = { .vmcs = 0x2000, .vpid = 2 } };
	cpu = (struct cpu){ .self = &cpu };
	fake_cpu = (struct fake_cpu){ .gs_first = &cpu };
	mitigate_mask = 0;
}

TestSuite(vcpu_run, .init = fresh);

Test(vcpu_run, an_entry_ends_in_an_exit_or_when_its_time_is_over)
{
	AT(EXIT_REASON) = VMX_EXIT_CPUID;
	cr_expect_eq(vmx_run(&v, 6400), ERR_OK);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_CPUID);
	cr_expect_eq(AT(PREEMPTION_TIMER_VALUE), 200, "ticks of 32");
	cr_expect(v.vmx.launched && !launched);
	cr_expect_eq(vmx_run(&v, UINT64_MAX), ERR_OK);
	cr_expect(launched, "VMRESUME the second time");
	cr_expect_eq(AT(PREEMPTION_TIMER_VALUE), 0xffffffff, "as far as the timer reaches");
}

Test(vcpu_run, an_event_is_injected_once)
{
	v.event = VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | VCPU_EVENT_ERROR | VECTOR_PF;
	v.event_error = 7;
	v.event_length = 3;
	cr_expect_eq(vmx_run(&v, 0), ERR_OK);
	cr_expect_eq(entry_info, 0x80000b0e);
	cr_expect_eq(AT(ENTRY_EXCEPTION_ERROR_CODE), 7);
	cr_expect_eq(AT(ENTRY_INSTRUCTION_LENGTH), 3);
	cr_expect_eq(v.event, 0);
	cr_expect_eq(vmx_run(&v, 0), ERR_OK);
	cr_expect_eq(entry_info, 0);
}

Test(vcpu_run, a_fault_in_a_double_faults_delivery_is_a_triple_fault_without_an_entry)
{
	v.event = VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | VECTOR_DF;
	v.shutdown = true;
	cr_expect_eq(vmx_run(&v, 0), ERR_OK);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_TRIPLE_FAULT);
	cr_expect(!entries && !v.event && !v.shutdown);
}

Test(vcpu_run, an_entry_that_fails_is_audited_and_told)
{
	enter_status = VMX_FAIL_VALID;
	v.exit.kind = VCPU_EXIT_MACHINE_CHECK;
	cr_expect_eq(vmx_run(&v, 0), ERR_INVALID);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_UNKNOWN, "of an exit before");
	cr_expect_eq(audits, 1);
	cr_expect_not(v.vmx.launched);
	enter_status = VMX_FAIL_INVALID;
	cr_expect_eq(vmx_run(&v, 0), ERR_INVALID);
	cr_expect_eq(audits, 1, "there is no VMCS to audit");
	enter_status = VMX_SUCCEED;
	AT(EXIT_REASON) = ENTRY_FAILED | VMX_EXIT_ENTRY_FAILURE_GUEST_STATE;
	AT(IDT_VECTORING_INFO) = VCPU_EVENT_VALID | 0x55;
	cr_expect_eq(vmx_run(&v, 0), ERR_INVALID);
	cr_expect_eq(audits, 2);
	cr_expect_eq(v.event, 0);
}

Test(vcpu_run, buffers_are_overwritten_before_each_entry_where_the_cpu_needs_it)
{
	cr_expect_eq(vmx_run(&v, 0), ERR_OK);
	cr_expect_eq(fake_cpu.verws, 0);
	mitigate_mask = 1u << MITIGATE_VERW;
	cr_expect_eq(vmx_run(&v, 0), ERR_OK);
	cr_expect_eq(verws_at_entry, 1);
}

Test(vcpu_run, loading_brings_the_guests_registers_and_putting_the_hosts)
{
	static const uint32_t swapped[] = { MSR_IA32_STAR, MSR_IA32_LSTAR, MSR_IA32_CSTAR, MSR_IA32_FMASK, MSR_IA32_KERNEL_GS_BASE };

	for (unsigned i = 0; i < 5; i++) {
		msr_write(swapped[i], 100 + i);
		v.vmx.msr[i] = 200 + i;
	}
	v.vmx.cr2 = 0x1234;
	v.dr[0] = 10, v.dr[1] = 11, v.dr[2] = 12, v.dr[3] = 13;
	v.vmx.dr6 = 14;
	v.tsc_aux = 15;
	vcpu_load(&v);
	for (unsigned i = 0; i < 5; i++)
		cr_expect_eq(msr_read(swapped[i]), 200 + i);
	cr_expect_eq(msr_read(MSR_IA32_TSC_AUX), 15);
	cr_expect(fake_cpu.cr2 == 0x1234 && fake_cpu.dr0 == 10 && fake_cpu.dr1 == 11 && fake_cpu.dr2 == 12 && fake_cpu.dr3 == 13 && fake_cpu.dr6 == 14);
	cr_expect(fake_cpu.xrstored == 7 && fake_cpu.xcr0 == 3, "all that it may ever use, then as it has it");
	cr_expect(v.loaded);
	/* The guest changes them. */
	for (unsigned i = 0; i < 5; i++)
		msr_write(swapped[i], 300 + i);
	fake_cpu.cr2 = 0x5678;
	fake_cpu.dr0 = 20, fake_cpu.dr1 = 21, fake_cpu.dr2 = 22, fake_cpu.dr3 = 23, fake_cpu.dr6 = 24;
	vcpu_put(&v);
	for (unsigned i = 0; i < 5; i++)
		cr_expect(msr_read(swapped[i]) == 100 + i && v.vmx.msr[i] == 300 + i);
	cr_expect(v.dr[0] == 20 && v.dr[1] == 21 && v.dr[2] == 22 && v.dr[3] == 23);
	cr_expect(v.vmx.cr2 == 0x5678 && v.vmx.dr6 == 24);
	cr_expect(fake_cpu.xsaved == 7 && fake_cpu.xcr0 == 3);
	cr_expect_not(v.loaded);
}

Test(vcpu_run, what_a_guest_could_learn_of_another_is_closed_at_its_turn)
{
	vcpu_load(&v);
	cr_expect_eq(fake_cpu.msr[fake_cpu_msr(MSR_IA32_PRED_CMD)].writes, 0);
	cr_expect_eq(fake_cpu.msr[fake_cpu_msr(MSR_IA32_FLUSH_CMD)].writes, 0);
	vcpu_put(&v);
	mitigate_mask = 1u << MITIGATE_IBPB | 1u << MITIGATE_L1D;
	vcpu_load(&v);
	vcpu_put(&v);
	vcpu_load(&v);
	vcpu_put(&v);
	cr_expect_eq(fake_cpu.msr[fake_cpu_msr(MSR_IA32_PRED_CMD)].writes, 1, "the same guest again");
	cr_expect_eq(fake_cpu.msr[fake_cpu_msr(MSR_IA32_FLUSH_CMD)].writes, 2, "Tern ran in between");
	vcpu_load(&other);
	cr_expect_eq(fake_cpu.msr[fake_cpu_msr(MSR_IA32_PRED_CMD)].writes, 2);
}

Test(vcpu_run, a_vmcs_is_made_current_when_another_is)
{
	vmx_select(&v);
	cr_expect_eq(fake_vmx.current, 0x1000);
	fake_vmx.current = 0;
	vmx_select(&v);
	cr_expect_eq(fake_vmx.current, 0, "it is");
	vmx_select(&other);
	cr_expect_eq(fake_vmx.current, 0x2000);
}

Test(vcpu_run, a_vmcs_that_cant_be_made_current_stops_the_host, .signal = SIGABRT)
{
	fake_vmx.next = VMX_FAIL_VALID;
	vmx_select(&v);
}

Test(vcpu_run, the_log_of_writes_is_switched_and_emptied)
{
	static uint64_t log[512];

	v.pml = log;
	AT(SECONDARY_CONTROLS) = VMX_PROC2_EPT;
	vmx_set_pml(&v, true);
	cr_expect_eq(AT(SECONDARY_CONTROLS), VMX_PROC2_EPT | VMX_PROC2_PML);
	cr_expect_eq(AT(PML_ADDRESS), (uint64_t)log);
	cr_expect(AT(PML_INDEX) == 511 && v.pml_on);
	AT(PML_INDEX) = 0xffff;
	cr_expect_eq(vmx_take_pml(&v), 0xffff);
	cr_expect_eq(AT(PML_INDEX), 511);
	cr_expect_eq(vmx_take_pml(&v), 511);
	vmx_set_pml(&v, false);
	cr_expect(AT(SECONDARY_CONTROLS) == VMX_PROC2_EPT && !v.pml_on);
}
