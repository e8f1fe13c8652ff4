/* SPDX-License-Identifier: MIT */
/* unit: fake_pages fake_vmcs */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/virt.h"
#include "arch/x86_64/vmx/ept.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmx.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vmcs.h"

#define AT(name)	(*fake_vmcs_at(VMCS_##name))
#define VCPU_PAGES	4u		/* VMCS, XSAVE area, MSR bitmap, PML log */
#define SHARED_PAGES	2u		/* the I/O bitmaps, for good */

char vmx_exit_point[1];
static struct vmx_caps caps;
static struct cpu cpu;
static struct gpt gpt;
static struct vcpu v;
static bool pml;

const struct vmx_caps *vmx_caps(void) { return &caps; }
uint64_t intr_idt_base(void) { return 0xffff800000001000; }
void gpt_flush(struct gpt *e) { (void)e; }
static bool has(enum virt_feature f) { return f == VIRT_PML && pml; }

static const struct virt_ops ops = {
	.has = has, .create = vmx_create, .destroy = vmx_destroy, .select = vmx_select, .get = vmx_get, .set = vmx_set,
	.flush_tlb = vmx_flush_tlb, .restored = vmx_restored,
};
const struct virt_ops *virt = &ops;

void vmx_select(struct vcpu *c)
{
	cpu.vcpu = c;
	fake_vmx.current = c->vmx.vmcs;
}

static const struct vcpu_limits limits = { .cr4_mask = 0x3ff | CR4_OSXSAVE, .xcr0_mask = 7 };

static void with(struct vmx_raw raw)
{
	vmx_caps_init(&caps, &raw);
}

static void fresh(void)
{
	with(fake_vmcs_cpu());
	pml = true;
	cpu = (struct cpu){ .self = &cpu, .vmx_on = true };
	fake_cpu = (struct fake_cpu){ .gs_first = &cpu, .cr0 = 0x80000033, .cr3 = 0x6000, .cr4 = 0x2660 };
	msr_write(MSR_IA32_PAT, 0x0007040600070406);
	msr_write(MSR_IA32_EFER, 0xd00);
	cr_assert_eq(gpt_init(&gpt, &ept_format, true), ERR_OK);
}

TestSuite(vcpu_setup, .init = fresh);

static void create(const struct vcpu_limits *l)
{
	struct why why = { "" };

	cr_assert_eq(vcpu_create(&v, &gpt, l, &why), ERR_OK, "%s", why.text);
}

/* The rules of VM entry over what vcpu_create has written. */
static void expect_enterable(const char *cpu_words)
{
	static struct why_list found;
	enum vmcs_field field;

	memset(&found, 0, sizeof(found));
	for (unsigned i = 0; vmcs_field_at(i, &field); i++)
		fake_vmcs_set(field, *fake_vmcs_at(field));
	cr_expect_eq(vmx_audit(&caps, &found), 0, "%s: %s", cpu_words, found.why[0].text);
}

Test(vcpu_setup, a_new_vcpu_breaks_no_rule_of_vm_entry_whatever_the_cpu_lacks)
{
	struct vmx_raw raw = fake_vmcs_cpu();

	raw.physical_bits = 48;
	with(raw);
	create(&limits);
	expect_enterable("all there is");
	vcpu_destroy(&v);
	raw.proc2 &= ~((uint64_t)(VMX_PROC2_VPID | VMX_PROC2_RDTSCP | VMX_PROC2_INVPCID | VMX_PROC2_PML | VMX_PROC2_TSC_SCALING) << 32);
	pml = false;
	with(raw);
	create(&limits);
	expect_enterable("without VPID, RDTSCP, INVPCID, PML, TSC scaling");
	cr_expect_eq(AT(SECONDARY_CONTROLS) & (VMX_PROC2_VPID | VMX_PROC2_RDTSCP | VMX_PROC2_INVPCID), 0);
	vcpu_destroy(&v);
}

Test(vcpu_setup, a_new_vcpu_is_as_a_processor_after_reset)
{
	static struct vcpu_state s;

	create(&limits);
	vcpu_save(&v, &s);
	cr_expect(s.rip == 0xfff0 && s.rflags == 2 && s.segment_base[SEG_CS] == 0xffff0000 && s.segment_selector[SEG_CS] == 0xf000);
	cr_expect(s.cr0 == 0x60000010 && s.cr4 == 0 && s.efer == 0 && s.dr7 == 0x400 && s.dr6 == 0xffff0ff0);
	cr_expect(s.pat == 0x0007040600070406 && s.xcr0 == 1 && s.misc_enable == 1 && s.started == 1);
	cr_expect_eq(((const uint32_t *)v.xsave)[6], 0x1f80, "MXCSR");
	cr_expect_eq(*(const uint32_t *)(uintptr_t)v.vmx.vmcs, caps.revision);
	vcpu_destroy(&v);
}

Test(vcpu_setup, what_concerns_the_host_exits)
{
	create(&limits);
	cr_expect_eq(AT(PIN_BASED_CONTROLS) & (VMX_PIN_EXTERNAL_INTERRUPT_EXITING | VMX_PIN_NMI_EXITING | VMX_PIN_VIRTUAL_NMIS),
		     VMX_PIN_EXTERNAL_INTERRUPT_EXITING | VMX_PIN_NMI_EXITING | VMX_PIN_VIRTUAL_NMIS);
	cr_expect_eq(AT(PRIMARY_CONTROLS) & (VMX_PROC_CR3_LOAD_EXITING | VMX_PROC_CR3_STORE_EXITING), 0);
	cr_expect_eq(AT(EXCEPTION_BITMAP), 1u << 1 | 1u << 17 | 1u << 18, "#DB, #AC, #MC");
	cr_expect_eq(AT(CR4_GUEST_HOST_MASK), ~limits.cr4_mask | CR4_VMXE | CR4_MCE);
	cr_expect_eq(AT(EPT_POINTER), ept_pointer(&gpt));
	cr_expect_eq(AT(HOST_RIP), (uint64_t)vmx_exit_point);
	cr_expect_eq(AT(HOST_GS_BASE), (uint64_t)&cpu);
	cr_expect(AT(HOST_CR3) == 0x6000 && AT(HOST_EFER) == 0xd00);
	for (unsigned b = 0; b < 2; b++)
		for (unsigned i = 0; i < 4096; i++)
			cr_assert_eq(((const uint8_t *)(uintptr_t)*fake_vmcs_at(b ? VMCS_IO_BITMAP_B : VMCS_IO_BITMAP_A))[i], 0xff, "every port");
	vcpu_destroy(&v);
}

/* SDM Vol. 3 "MSR-Bitmap Address". */
static bool exits(uint32_t msr, bool write)
{
	const uint8_t *bitmap = v.vmx.msr_bitmap;
	unsigned n = (msr & 0x1fff) + (msr >= 0xc0000000 ? 8192u : 0) + (write ? 16384u : 0);

	return bitmap[n / 8] >> n % 8 & 1;
}

Test(vcpu_setup, only_msrs_that_are_the_guests_own_are_reached_without_an_exit)
{
	static const uint32_t own[] = { 0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102 };
	unsigned without = 0;

	create(&limits);
	for (unsigned write = 0; write < 2; write++) {
		for (uint32_t n = 0; n < 0x2000; n++)
			without += !exits(n, write) + !exits(0xc0000000 + n, write);
		for (unsigned i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			cr_expect_not(exits(own[i], write), "%x", own[i]);
	}
	cr_expect_eq(without, 2 * sizeof(own) / sizeof(own[0]));
	vcpu_destroy(&v);
}

Test(vcpu_setup, a_guest_of_another_frequency_is_scaled)
{
	struct vcpu_limits scaled = limits;

	scaled.tsc_multiplier = 3ull << 47;
	create(&scaled);
	cr_expect(AT(SECONDARY_CONTROLS) & VMX_PROC2_TSC_SCALING);
	cr_expect_eq(AT(TSC_MULTIPLIER), 3ull << 47);
	vcpu_destroy(&v);
	create(&limits);
	cr_expect_not(AT(SECONDARY_CONTROLS) & VMX_PROC2_TSC_SCALING);
	vcpu_destroy(&v);
}

Test(vcpu_setup, every_vcpu_has_its_vpid_and_forgets_what_the_one_before_had_cached)
{
	static struct vcpu second;

	create(&limits);
	cr_expect_eq(AT(VPID), v.vmx.vpid);
	cr_expect_eq(fake_vmx.vpid, v.vmx.vpid);
	cr_assert_eq(vcpu_create(&second, &gpt, &limits, NULL), ERR_OK);
	cr_expect_neq(second.vmx.vpid, v.vmx.vpid);
	vcpu_destroy(&second);
	vcpu_destroy(&v);
}

Test(vcpu_setup, without_memory_nothing_is_taken_and_it_is_said)
{
	unsigned long before = fake_pages_out;
	struct why why = { "" };

	for (long left = 0; left < (long)(VCPU_PAGES + SHARED_PAGES); left++) {
		fake_pages_left = left;
		cr_expect_eq(vcpu_create(&v, &gpt, &limits, &why), ERR_NOMEM, "%ld pages", left);
		cr_expect(strstr(why.text, "virtual processor"), "%s", why.text);
		cr_expect_leq(fake_pages_out, before + SHARED_PAGES);
	}
	fake_pages_left = -1;
	create(&limits);
	cr_expect(AT(IO_BITMAP_A) && AT(IO_BITMAP_B), "also when there was memory for one of them once");
	vcpu_destroy(&v);
	cr_expect_eq(fake_pages_out, before + SHARED_PAGES);
}

Test(vcpu_setup, a_vcpu_that_goes_leaves_no_vmcs_behind)
{
	create(&limits);
	fake_vmx.vmclears = 0;
	vcpu_destroy(&v);
	cr_expect_eq(fake_vmx.vmclears, 1);
	cr_expect_null(cpu.vcpu);
	vcpu_destroy(&v);
	cr_expect_eq(fake_vmx.vmclears, 1, "again: there is none");
}
