/* SPDX-License-Identifier: MIT */
/* unit: fake_pages */
#include <criterion/criterion.h>
#include "arch/x86_64/apic.h"
#include "arch/x86_64/svm/exit_code.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/svm/vcpu_svm.h"
#include "arch/x86_64/time.h"
#include "lib/pages.h"
#include "tests/fake/fake_pages.h"

#define FEATURES_NOW	fake_cpu.cpuid[3].out[3]
#define ALL_FEATURES	(SVM_FEATURE_NP | SVM_FEATURE_NRIPS | SVM_FEATURE_FLUSH_BY_ASID | SVM_FEATURE_DECODE_ASSISTS)
#define AT(name)	vmcb_read(v.svm.vmcb, VMCB_##name)

const struct virt_ops *virt = &svm_ops;

static struct cpu cpu;
static struct gpt gpt;
static struct vcpu v;
static uint64_t now, takes, armed_ns, entered_event, entered_flush, exit_code;
static unsigned armed, entries, saved;
static const struct vcpu_limits limits = { .cr4_mask = ~0ull, .xcr0_mask = 7 };

uint64_t time_tsc(void) { return now; }
uint32_t time_tsc_khz(void) { return 1000000; }
uint64_t time_tsc_to_ns(uint64_t tsc) { return tsc; }
void apic_timer_arm(uint64_t ns) { armed++, armed_ns = ns; }
void gpt_flush(struct gpt *g) { virt->flush(g); }

void svm_save_host(uint64_t host);
void svm_save_host(uint64_t host) { saved += host == cpu.svm_host; }

void svm_enter(uint64_t gpr[16], uint64_t vmcb, uint64_t host);
void svm_enter(uint64_t gpr[16], uint64_t vmcb, uint64_t host)
{
	cr_assert(gpr == v.gpr && vmcb == (uint64_t)(uintptr_t)v.svm.vmcb && host == cpu.svm_host);
	entries++;
	now += takes;
	entered_event = AT(EVENTINJ);
	entered_flush = AT(TLB_CONTROL);
	vmcb_write(v.svm.vmcb, VMCB_EXITCODE, exit_code);
	vmcb_write(v.svm.vmcb, VMCB_EXITINTINFO, 0);
}

static void begin(void)
{
	static struct why_list missing;

	cpu = (struct cpu){ .self = &cpu };
	fake_cpu = (struct fake_cpu){ .gs_first = &cpu, .cpuids = 5, .cpuid = {
		{ 0x80000000, 0, { 0x8000000a } }, { 0x80000001, 0, { 0, 0, 1u << 2, 1u << 27 } },
		{ 0x80000008, 0, { 48 | 48 << 8 } }, { 0x8000000a, 0, { 1, 16, 0, ALL_FEATURES } },
		{ 0, 0, { 1, 0x68747541, 0x444d4163, 0x69746e65 } } } };
	cr_assert(virt->here() && virt->init(&missing) && virt->cpu_on());
	cr_assert_eq(gpt_init(&gpt, virt->format, true), ERR_OK);
	cr_assert_eq(vcpu_create(&v, &gpt, &limits, NULL), ERR_OK);
	exit_code = SVM_EXIT_INTR;
	now = 1000000;
}

static void turn_off(void)
{
	page_free((void *)msr_read(MSR_VM_HSAVE_PA));
	page_free((void *)cpu.svm_host);
}

static void end(void)
{
	vcpu_destroy(&v);
	gpt_fini(&gpt);
	turn_off();
	cr_expect_eq(fake_pages_out, 0, "%lu pages leaked", fake_pages_out);
}

TestSuite(svm_run, .init = begin, .fini = end);

Test(svm_run, a_processor_of_this_family_is_turned_on)
{
	cr_expect(msr_read(MSR_IA32_EFER) & EFER_SVME);
	cr_expect(msr_read(MSR_VM_HSAVE_PA) && cpu.svm_host && msr_read(MSR_VM_HSAVE_PA) != cpu.svm_host);
	cr_expect(virt->has(VIRT_AD) && !virt->has(VIRT_PML) && !virt->has(VIRT_TSC_SCALING));
}

Test(svm_run, what_the_firmware_left_off_unlocked_is_turned_on)
{
	turn_off();
	msr_write(MSR_VM_CR, VM_CR_SVMDIS);
	cr_expect(virt->cpu_on());
	cr_expect_eq(msr_read(MSR_VM_CR), 0);
}

Test(svm_run, a_vcpu_comes_out_of_its_record_as_it_went_in)
{
	static struct vcpu_state in, out;
	static struct why_list found;

	vcpu_save(&v, &in);
	cr_expect(in.rip == 0xfff0 && in.segment_selector[SEG_CS] == 0xf000 && in.segment_base[SEG_CS] == 0xffff0000);
	in.cr0 = 0x80050033, in.cr4 = 0x6a0, in.efer = 0xd01, in.cr2 = 0x22, in.cr3 = 0x3000, in.dr6 = 0xffff0ff1;
	in.star = 1, in.lstar = 2, in.cstar = 3, in.fmask = 4, in.kernel_gs_base = 5, in.sysenter_esp = 6,
	in.sysenter_eip = 7;
	in.interruptibility = VCPU_BLOCKING_STI | VCPU_BLOCKING_NMI;
	for (unsigned i = 0; i < VCPU_SEGMENTS; i++) {
		in.segment_base[i] = 0x1000 * i;
		in.segment_limit[i] = 0xfffff + i;
		in.segment_selector[i] = (uint16_t)(8 * i);
		in.segment_access[i] = 0xa0fb;
	}
	in.segment_access[SEG_LDTR] = 0x82 | VCPU_ACCESS_UNUSABLE;
	vcpu_restore(&v, &in);
	vcpu_save(&v, &out);
	in.segment_access[SEG_LDTR] = 0x02 | VCPU_ACCESS_UNUSABLE;
	cr_expect(!memcmp(&in, &out, sizeof(in)));
	cr_expect_eq(vcpu_cpl(&v), 3);
	cr_expect_eq(AT(CPL), 3);
	cr_expect_eq(AT(EFER), 0x1d01, "SVME is Tern's");
	cr_expect_eq(AT(CR4), 0x6e0, "and MCE");
	cr_expect(AT(INTERCEPT_1) & INTERCEPT_IRET);
	virt->check(&in, &found);
	cr_expect_eq(found.count, 0, "%s", found.why[0].text);
	in.event = 0x80000702;
	in.cr0 = 0x80050032;
	virt->check(&in, &found);
	cr_expect_eq(found.count, 2);
}

Test(svm_run, an_event_is_injected_once)
{
	v.event = 0x80000b0e, v.event_error = 7;
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_event, 0x780000b0e);
	cr_expect_eq(v.event, 0);
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_event, 0);
	vcpu_inject_nmi(&v);
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect(v.svm.nmi_blocked && !vcpu_nmi_possible(&v));
	v.event = 0x80000480, v.event_length = 2;
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_event, 0, "INT n is executed again");
}

Test(svm_run, a_fault_in_a_double_faults_delivery_is_a_triple_fault_without_an_entry)
{
	v.event = 0x80000b08;
	v.shutdown = true;
	cr_expect_eq(vcpu_run(&v, 0), ERR_OK);
	cr_expect(v.exit.kind == VCPU_EXIT_TRIPLE_FAULT && !entries && !v.event && !v.shutdown);
}

Test(svm_run, translations_are_dropped_when_they_must_and_only_then)
{
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_flush, TLB_FLUSH_ASID, "a number that another may have had");
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_flush, TLB_KEEP);
	virt->flush_tlb(&v);
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_flush, TLB_FLUSH_ASID);
	gpt_flush(&gpt);
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_flush, TLB_FLUSH_ASID);
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_flush, TLB_KEEP);
	FEATURES_NOW &= ~(uint32_t)SVM_FEATURE_FLUSH_BY_ASID;
	cr_assert(virt->init(NULL));
	gpt_flush(&gpt);
	cr_expect_eq(vcpu_run(&v, 1000), ERR_OK);
	cr_expect_eq(entered_flush, TLB_FLUSH_ALL);
}

Test(svm_run, the_timer_is_armed_where_the_last_one_does_not_do)
{
	cr_expect_eq(vcpu_run(&v, 500000), ERR_OK);
	cr_expect(armed == 1 && armed_ns == 500000);
	now += 100000;
	cr_expect_eq(vcpu_run(&v, 400000), ERR_OK);
	cr_expect_eq(armed, 1, "the same moment");
	cr_expect_eq(vcpu_run(&v, 100000), ERR_OK);
	cr_expect(armed == 2 && armed_ns == 100000);
	cr_expect_eq(vcpu_run(&v, 0), ERR_OK);
	cr_expect(armed == 3 && armed_ns == 1, "0 would stop it");
}

Test(svm_run, an_interrupt_before_its_time_is_the_hosts_and_after_it_the_timers)
{
	cr_expect_eq(vcpu_run(&v, 500000), ERR_OK);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_INTERRUPT);
	cr_expect_eq(fake_cpu.windows, 0, "it waits for the host");
	takes = 500001;
	cr_expect_eq(vcpu_run(&v, 500000), ERR_OK);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_TIMER);
	cr_expect_eq(fake_cpu.windows, 1, "taken here");
}

Test(svm_run, an_entry_that_fails_is_told)
{
	exit_code = SVM_EXIT_INVALID;
	cr_expect_eq(vcpu_run(&v, 0), ERR_INVALID);
	cr_expect_eq(v.exit.kind, VCPU_EXIT_UNKNOWN);
}

Test(svm_run, moving_past_an_instruction_ends_its_shadow_and_wraps_outside_64_bit_code)
{
	vcpu_set(&v, VCPU_RIP, 0xfffffffe);
	vcpu_set(&v, VCPU_INTERRUPTIBILITY, VCPU_BLOCKING_STI);
	v.exit.length = 3;
	vcpu_skip(&v);
	cr_expect(vcpu_rip(&v) == 1 && vcpu_get(&v, VCPU_INTERRUPTIBILITY) == 0);
	vcpu_set_rflags(&v, 0x102);
	vcpu_skip(&v);
	cr_expect_eq(v.event, 0x80000301, "a single step's trap");
}

Test(svm_run, xcr0_is_read_where_its_change_may_not_have_exited)
{
	vcpu_load(&v);
	cr_expect_eq(saved, 1);
	fake_cpu.xcr0 = 7;
	vcpu_put(&v);
	cr_expect_eq(v.xcr0, 1);
	FEATURES_NOW &= ~(uint32_t)SVM_FEATURE_NRIPS;
	cr_assert(virt->init(NULL));
	vcpu_load(&v);
	fake_cpu.xcr0 = 7;
	vcpu_put(&v);
	cr_expect_eq(v.xcr0, 7);
}
