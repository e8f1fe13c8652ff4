/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/bytes.h"

#define MXCSR	24
#define XSTATE_BV 512

static struct vmx_caps caps;

const struct vmx_caps *vmx_caps(void)
{
	return &caps;
}

/* vcpu_check touches no vCPU: whoever tries is caught. */
static const struct virt_ops ops = { .check = vmx_check };
const struct virt_ops *virt = &ops;

static struct vcpu v;
static struct vcpu_state s;

static void segment(unsigned n, uint16_t selector, uint32_t limit, uint32_t access)
{
	s.segment_selector[n] = selector;
	s.segment_limit[n] = limit;
	s.segment_access[n] = access;
}

static void segments_of_linux(void)
{
	for (unsigned n = 0; n < VCPU_SEGMENTS; n++)
		segment(n, 0, 0xffffffff, 0x1c000);
	segment(SEG_CS, 0x10, 0xffffffff, 0xa09b);
	segment(SEG_SS, 0x18, 0xffffffff, 0xc093);
	segment(SEG_TR, 0x40, 0x4087, 0x8b);
	s.segment_base[SEG_TR] = 0xfffffe0000003000;
	s.segment_base[SEG_GS] = 0xffff888000000000;
	s.gdtr_limit = 0x7f;
	s.idtr_limit = 0xfff;
	s.dr7 = 0x400;
}

/* A Linux guest in 64-bit mode on a CPU with AVX. */
static void good(void)
{
	struct vmx_raw raw = {
		.cpuid_vmx = true, .physical_bits = 39, .linear_bits = 48, .basic = 0x00d8100000000001 | 1ull << 55, .misc = 0x7004c1e5,
		.true_proc = 0xfff9fffe04006172, .cr0_fixed0 = 0x80000021, .cr0_fixed1 = 0xffffffff, .cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3767ff,
	};

	vmx_caps_init(&caps, &raw);
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
	segments_of_linux();
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
	for (unsigned n = 0; n < VCPU_SEGMENTS; n++) {
		segment(n, 0, 0xffff, n == SEG_CS ? 0x9b : n == SEG_LDTR ? 0x82 : n == SEG_TR ? 0x8b : 0x93);
		s.segment_base[n] = 0;
	}
	segment(SEG_CS, 0xf000, 0xffff, 0x9b);
	s.segment_base[SEG_CS] = 0xffff0000;
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

/* Each of these VM entry would refuse, after COMMIT; the sentence names the field. */
#define REFUSED(what, ...) do { __VA_ARGS__; refused(what); } while (0)

Test(vcpu_check, segments_that_no_guest_has_are_refused_by_name)
{
	REFUSED("GUEST_CS_ACCESS_RIGHTS", s.segment_access[SEG_CS] = 0xa092);		/* data */
	REFUSED("GUEST_CS_ACCESS_RIGHTS", s.segment_access[SEG_CS] = 0xa01b);		/* not present */
	REFUSED("GUEST_CS_ACCESS_RIGHTS", s.segment_access[SEG_CS] = 0xe09b);		/* L with D */
	REFUSED("GUEST_CS_ACCESS_RIGHTS", s.segment_access[SEG_CS] = 0xa0fb);		/* DPL 3 over SS 0 */
	REFUSED("GUEST_CS_BASE", s.segment_base[SEG_CS] = 1ull << 32);
	REFUSED("GUEST_SS_ACCESS_RIGHTS", s.segment_access[SEG_SS] = 0xc09b);		/* code */
	REFUSED("GUEST_DS_ACCESS_RIGHTS", s.segment_access[SEG_DS] = 0xc092);		/* not accessed */
	REFUSED("GUEST_ES_ACCESS_RIGHTS", s.segment_access[SEG_ES] = 0x4093; s.segment_limit[SEG_ES] = 0x100000);
	REFUSED("GUEST_TR_ACCESS_RIGHTS", s.segment_access[SEG_TR] |= 0x10000);		/* unusable */
	REFUSED("GUEST_TR_ACCESS_RIGHTS", s.segment_access[SEG_TR] = 0x83);		/* 16-bit TSS */
	REFUSED("GUEST_TR_SELECTOR", s.segment_selector[SEG_TR] = 0x44);
	REFUSED("GUEST_TR_BASE", s.segment_base[SEG_TR] = 1ull << 50);
	REFUSED("GUEST_LDTR_ACCESS_RIGHTS", s.segment_access[SEG_LDTR] = 0x8b);
}

Test(vcpu_check, events_that_cannot_be_injected_are_refused_by_name)
{
	REFUSED("ENTRY_INTERRUPTION_INFO", s.event = 0x80000130);			/* type 1 */
	REFUSED("ENTRY_INTERRUPTION_INFO", s.event = 0x80000203);			/* an NMI with vector 3 */
	REFUSED("ENTRY_INTERRUPTION_INFO", s.event = 0x80000330);			/* exception 48 */
	REFUSED("ENTRY_INTERRUPTION_INFO", s.event = 0x8000030e);			/* #PF without its error code */
	REFUSED("ENTRY_EXCEPTION_ERROR_CODE", s.event = 0x80000b0e; s.event_error = 0x10000);
	REFUSED("GUEST_RFLAGS", s.event = 0x80000030; s.rflags = 0x46);			/* interrupt with IF clear */
	REFUSED("GUEST_INTERRUPTIBILITY_STATE", s.event = 0x80000030; s.interruptibility = 1);
}

Test(vcpu_check, what_blocks_events_must_be_possible)
{
	REFUSED("GUEST_INTERRUPTIBILITY_STATE", s.interruptibility = 3);		/* STI and MOV SS */
	REFUSED("GUEST_INTERRUPTIBILITY_STATE", s.interruptibility = 1; s.rflags = 0x46);
	REFUSED("GUEST_INTERRUPTIBILITY_STATE", s.interruptibility = 4);		/* SMI */
	REFUSED("GUEST_PENDING_DEBUG_EXCEPTIONS", s.pending_debug = 1u << 5);
	REFUSED("GUEST_PENDING_DEBUG_EXCEPTIONS", s.pending_debug = 1u << 14; s.interruptibility = 2);
}

Test(vcpu_check, addresses_and_bits_that_this_cpu_lacks_are_refused)
{
	REFUSED("GUEST_CR3", s.cr3 = 1ull << 39);
	REFUSED("GUEST_CR4", v.limits.cr4_mask |= 1ull << 22; s.cr4 |= 1ull << 22);	/* PKE, which is not in CR4_FIXED1 */
	REFUSED("GUEST_RIP", s.segment_access[SEG_CS] = 0xc09b);			/* compatibility mode, RIP above 4 GiB */
}

static void pae(void)
{
	segment(SEG_CS, 0x10, 0xffffffff, 0xc09b);
	segment(SEG_GS, 0, 0, 0x10000);
	s.segment_base[SEG_GS] = s.segment_base[SEG_TR] = 0;
	s.rip = 0x100000;
	s.efer = 0;
	s.pdpte[3] = 0x8001;
}

Test(vcpu_check, pdptes_that_vm_entry_would_refuse_are_named)
{
	struct why why = { "" };

	pae();
	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "%s", why.text);
	s.pdpte[1] = 0xffffffffffffffe6;
	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "in one that is not present nothing counts: %s", why.text);
	for (unsigned bit = 1; bit < 64; bit++)
		if (bit == 1 || bit == 2 || (bit >= 5 && bit <= 8) || bit >= caps.raw.physical_bits)
			REFUSED("GUEST_PDPTE2", pae(); s.pdpte[2] = 1 | 1ull << bit);
	s.pdpte[0] = 0x3;
	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "in IA-32e mode they count for nothing: %s", why.text);
}

Test(vcpu_check, a_guest_in_pae_paging_whose_source_lost_its_pdptes_is_refused)
{
	REFUSED("none of its PDPTEs is present", pae(); s.pdpte[3] = 0);
}

Test(vcpu_check, events_that_a_guest_has_on_its_way_pass)
{
	static const struct { uint32_t event, error, length; } row[] = {
		{ 0x80000030, 0, 0 }, { 0x80000202, 0, 0 }, { 0x80000b0e, 7, 0 }, { 0x80000306, 0, 0 }, { 0x80000480, 0, 2 },
		{ 0x80000603, 0, 1 },
	};
	struct why why = { "" };

	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		s.event = row[n].event;
		s.event_error = row[n].error;
		s.event_length = row[n].length;
		cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "%x: %s", row[n].event, why.text);
	}
	s.event = 0;
	s.interruptibility = 1;
	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "after STI: %s", why.text);
	s.halted = 1;
	s.interruptibility = 8;
	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "halted in an NMI handler: %s", why.text);
}

Test(vcpu_check, a_guest_in_user_mode_passes)
{
	struct why why = { "" };

	segment(SEG_CS, 0x33, 0xffffffff, 0xa0fb);
	segment(SEG_SS, 0x2b, 0xffffffff, 0xc0f3);
	s.rip = 0x7f0000001000;
	cr_expect_eq(vcpu_check(&v, &s, &why), ERR_OK, "%s", why.text);
}
