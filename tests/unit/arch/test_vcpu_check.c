/* SPDX-License-Identifier: MIT */
/* unit: arch/x86_64/vmx/vcpu_image.c arch/x86_64/vmx/vcpu_access.c arch/x86_64/vmx/caps.c arch/x86_64/vmx/vmcs.c arch/x86_64/vcpu_state.c lib/state.c lib/why.c lib/fmt.c tests/fake/fake_log.c */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/vmx/vcpu_local.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/bytes.h"

#define MXCSR	24
#define XSTATE_BV 512

/* vcpu_check reads neither VMCS nor capabilities: whoever gets here is caught. */
const struct vmx_caps *vmx_caps(void)
{
	cr_assert_fail("vcpu_check looked at the CPU");
	return NULL;
}

void vcpu_make_current(struct vcpu *v)
{
	cr_assert_fail("vcpu_check touched the VMCS of %p", (void *)v);
}

void vcpu_inject_exception(struct vcpu *v, uint8_t vector, bool with_error, uint32_t error)
{
	(void)with_error, (void)error;
	cr_assert_fail("vcpu_check injected %u into %p", vector, (void *)v);
}

static struct vcpu v;
static struct vcpu_state s;

/* A Linux guest in 64-bit mode on a CPU with AVX. */
static void good(void)
{
	v = (struct vcpu){ .limits = { .cr4_mask = 0x370fff & ~(1ull << 13), .xcr0_mask = 7 } };
	memset(&s, 0, sizeof(s));
	s.rip = 0xffffffff81000000;
	s.rflags = 0x246;
	s.cr0 = 0x80050033;
	s.cr3 = 0x1000000;
	s.cr4 = 0x6b0;
	s.efer = 0xd01;
	s.xcr0 = 7;
	s.pat = 0x0007040600070406;
	s.lstar = s.cstar = 0xffffffff82000000;
	s.fmask = 0x47700;
	s.kernel_gs_base = 0xffff888000000000;
	s.dr6 = 0xffff0ff0;
	le32_put((uint8_t *)s.xsave + MXCSR, 0x1f80);
	le64_put((uint8_t *)s.xsave + XSTATE_BV, 7);
}

TestSuite(vcpu_check, .init = good);

static void refused(const char *what)
{
	struct why why = { "" };

	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_RANGE, "%s passed", what);
	cr_expect(strstr(why.text, what), "expected %s, heard: %s", what, why.text);
	good();
}

Test(vcpu_check, a_linux_guest_passes)
{
	struct why why = { "" };

	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "%s", why.text);
}

Test(vcpu_check, a_processor_after_reset_passes)
{
	s.cr0 = 0x60000010;
	s.cr4 = s.efer = s.cr3 = 0;
	s.rflags = 2;
	s.rip = 0xfff0;
	s.xcr0 = 1;
	cr_expect_eq(vcpu_check(&v, &s, NULL), ERR_OK);
}

Test(vcpu_check, msrs_that_take_addresses_take_canonical_ones)
{
	static const uint64_t bad[] = { 0x0000800000000000, 0xffff7fffffffffff, 0x8000000000000000 };

	for (unsigned i = 0; i < 3; i++) {
		s.lstar = bad[i];
		refused("IA32_LSTAR");
		s.cstar = bad[i];
		refused("IA32_CSTAR");
		s.kernel_gs_base = bad[i];
		refused("IA32_KERNEL_GS_BASE");
		s.sysenter_esp = bad[i];
		refused("IA32_SYSENTER_ESP");
		s.sysenter_eip = bad[i];
		refused("IA32_SYSENTER_EIP");
		s.rip = bad[i];
		refused("RIP");
		s.gdtr_base = bad[i];
		refused("GDTR");
		s.idtr_base = bad[i];
		refused("IDTR");
		s.segment_base[SEG_FS] = bad[i];
		refused("FS base");
		s.segment_base[SEG_GS] = bad[i];
		refused("GS base");
	}
}

Test(vcpu_check, every_reserved_byte_of_the_xsave_header_must_be_zero)
{
	for (unsigned i = 520; i < 576; i++) {
		((uint8_t *)s.xsave)[i] = 0x80;
		refused("XSAVE header");
	}
}

Test(vcpu_check, xstate_bv_names_only_what_the_guest_has)
{
	for (unsigned bit = 3; bit < 64; bit++) {
		le64_put((uint8_t *)s.xsave + XSTATE_BV, 1ull << bit);
		refused("XSTATE_BV");
	}
}

Test(vcpu_check, reserved_bits_of_mxcsr_must_be_zero)
{
	for (unsigned bit = 16; bit < 32; bit++) {
		le32_put((uint8_t *)s.xsave + MXCSR, 1u << bit);
		refused("MXCSR");
	}
}

Test(vcpu_check, mxcsr_counts_even_if_sse_is_marked_unused)
{
	le64_put((uint8_t *)s.xsave + XSTATE_BV, 0);
	le32_put((uint8_t *)s.xsave + MXCSR, 1u << 16);
	refused("MXCSR");
}

Test(vcpu_check, xcr0_must_be_one_that_xsetbv_takes)
{
	static const uint64_t bad[] = { 0, 2, 4, 5, 6, 0x27, 0xe7, 1ull << 63 | 1 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		s.xcr0 = bad[i];
		refused("XCR0");
	}
	v.limits.xcr0_mask = 0xe7;
	s.xcr0 = 0x67;		/* a part of AVX-512 */
	refused("XCR0");
	v.limits.xcr0_mask = 0xe7;
	s.xcr0 = 0xe3;		/* AVX-512 without AVX */
	refused("XCR0");
}

Test(vcpu_check, pat_holds_known_types)
{
	for (unsigned i = 0; i < 8; i++) {
		s.pat = (s.pat & ~(0xffull << 8 * i)) | 2ull << 8 * i;
		refused("IA32_PAT");
		s.pat = (s.pat & ~(0xffull << 8 * i)) | 3ull << 8 * i;
		refused("IA32_PAT");
		s.pat |= 0x80ull << 8 * i;
		refused("IA32_PAT");
	}
}

Test(vcpu_check, fmask_has_32_bits)
{
	s.fmask = 1ull << 32;
	refused("IA32_FMASK");
}

Test(vcpu_check, cr4_has_only_bits_that_the_policy_gives)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		if (v.limits.cr4_mask >> bit & 1)
			continue;
		s.cr4 |= 1ull << bit;
		refused("CR4");
	}
}

Test(vcpu_check, modes_that_no_guest_can_be_in_are_refused)
{
	s.cr0 &= ~1ull;				/* paging without protection */
	refused("CR0");
	s.cr0 |= 1u << 29;			/* NW without CD */
	refused("CR0");
	s.efer &= ~0x400ull;			/* paging with LME and without LMA */
	refused("IA32_EFER");
	s.cr0 &= ~0x80000000ull;		/* LMA without paging */
	refused("IA32_EFER");
	s.efer |= 1u << 12;			/* SVME */
	refused("IA32_EFER");
	s.cr4 &= ~0x20ull;			/* IA-32e mode without PAE */
	refused("CR4");
	s.cr0 &= ~0x80000000ull;
	s.efer = 0;
	s.cr4 |= 1u << 17;			/* PCIDE outside it */
	v.limits.cr4_mask |= 1u << 17;
	refused("CR4");
}

Test(vcpu_check, rflags_has_its_fixed_bits)
{
	s.rflags = 0;
	refused("RFLAGS");
	s.rflags |= 1u << 15;
	refused("RFLAGS");
	s.rflags |= 1u << 17;			/* virtual-8086 mode in IA-32e mode */
	refused("RFLAGS");
}
