/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"

#define CR4_OWNED	VMX_CR4_OWNED

static struct vmx_caps caps = { .raw = { .cr0_fixed0 = 0x80000021, .cr0_fixed1 = 0xffffffff } };
static struct vcpu v;
static struct vcpu_state before, after;
static uint64_t area[2][VCPU_XSAVE_WORDS];

const struct vmx_caps *vmx_caps(void) { return &caps; }

static void nothing(struct vcpu *c) { (void)c; }
static void keeps_its_tlb(const struct vcpu *c) { (void)c; }

static const struct virt_ops ops = {
	.select = nothing, .get = vmx_get, .set = vmx_set, .flush_tlb = keeps_its_tlb, .restored = nothing,
};
const struct virt_ops *virt = &ops;

/* What a VMCS has of a guest in PAE paging. */
static void pae_guest(void)
{
	v = (struct vcpu){ .xsave = area[0], .started = true };
	*fake_vmcs_at(VMCS_CR0_GUEST_HOST_MASK) = VMX_CR0_OWNED;
	*fake_vmcs_at(VMCS_CR4_GUEST_HOST_MASK) = CR4_OWNED;
	*fake_vmcs_at(VMCS_GUEST_CR0) = *fake_vmcs_at(VMCS_CR0_READ_SHADOW) = 0x80000031;
	*fake_vmcs_at(VMCS_GUEST_CR4) = CR4_PAE | CR4_VMXE;
	*fake_vmcs_at(VMCS_GUEST_EFER) = 0;
	*fake_vmcs_at(VMCS_GUEST_CR3) = 0x3000;
	for (unsigned i = 0; i < VCPU_PDPTES; i++)
		*fake_vmcs_at(vmx_field(VCPU_PDPTE + i)) = 0x5001 + 0x1000ull * i;
}

TestSuite(vcpu_image, .init = pae_guest);

/* The guest's state on a vCPU of another host. */
static void move(void)
{
	vcpu_save(&v, &before);
	for (unsigned f = 0; f < 0x8000; f++)
		*fake_vmcs_at((enum vmcs_field)f) = 0;
	v = (struct vcpu){ .xsave = area[1] };
	vcpu_restore(&v, &before);
	*fake_vmcs_at(VMCS_CR0_GUEST_HOST_MASK) = VMX_CR0_OWNED;
	*fake_vmcs_at(VMCS_CR4_GUEST_HOST_MASK) = CR4_OWNED;
	vcpu_save(&v, &after);
}

Test(vcpu_image, pdptes_of_a_guest_in_pae_paging_move_with_it)
{
	move();
	for (unsigned i = 0; i < VCPU_PDPTES; i++)
		cr_expect_eq(*fake_vmcs_at(vmx_field(VCPU_PDPTE + i)), 0x5001 + 0x1000ull * i, "%u", i);
}

Test(vcpu_image, a_guest_without_pae_paging_has_no_pdptes)
{
	static const struct { const char *mode; enum vmcs_field field; uint64_t value; } row[] = {
		{ "IA-32e mode", VMCS_GUEST_EFER, EFER_LME | EFER_LMA }, { "32-bit paging", VMCS_GUEST_CR4, CR4_VMXE },
		{ "no paging", VMCS_GUEST_CR0, 0x31 },
	};

	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		pae_guest();
		*fake_vmcs_at(row[n].field) = row[n].value;
		vcpu_save(&v, &before);
		for (unsigned i = 0; i < VCPU_PDPTES; i++)
			cr_expect_eq(before.pdpte[i], 0, "%s: what the CPU left in the field is no state", row[n].mode);
		cr_expect_eq(state_record_version(&vcpu_state_desc, &before), 1, "%s", row[n].mode);
	}
}

Test(vcpu_image, each_register_has_its_own_place_in_the_record)
{
	static struct vcpu_state s;

	for (enum vcpu_reg r = VCPU_TSC_OFFSET + 1; r < VCPU_REGS; r++) {
		memset(&s, 0, sizeof(s));
		vcpu_state_set(&s, r, 1);
		for (enum vcpu_reg other = 0; other < VCPU_REGS; other++)
			cr_expect_eq(vcpu_state_get(&s, other), other == r, "%u and %u", r, other);
	}
}

Test(vcpu_image, each_register_is_restored_and_saved)
{
	for (enum vcpu_reg r = VCPU_TSC_OFFSET + 1; r < VCPU_REGS; r++) {
		bool mode = r == VCPU_CR0 || r == VCPU_CR4 || r == VCPU_EFER;

		vcpu_state_set(&after, r, mode ? vcpu_get(&v, r) : 0x100u + r);
	}
	vcpu_restore(&v, &after);
	move();
	for (enum vcpu_reg r = VCPU_TSC_OFFSET + 1; r < VCPU_REGS; r++)
		cr_expect_eq(vcpu_state_get(&before, r), vcpu_state_get(&after, r), "%u", r);
	cr_expect_eq(before.segment_limit[SEG_TR], 0x100u + VCPU_LIMIT + SEG_TR);
	cr_expect_eq(before.pdpte[3], 0x100u + VCPU_PDPTE_END);
	cr_expect(before.kernel_gs_base == 0x100u + VCPU_KERNEL_GS_BASE && before.cr2 == 0x100u + VCPU_CR2);
}

Test(vcpu_image, what_was_restored_is_saved_the_same)
{
	v.gpr[GPR_RBX] = 7;
	v.vmx.dr6 = 0xffff0ff0;
	*fake_vmcs_at(VMCS_GUEST_RIP) = 0x1234;
	*fake_vmcs_at(vmx_field(VCPU_LIMIT + SEG_FS)) = 0xfff;
	move();
	cr_expect_eq(memcmp(&before, &after, sizeof(before)), 0);
}

Test(vcpu_image, paging_does_not_go_off_while_there_are_process_context_identifiers)
{
	*fake_vmcs_at(VMCS_GUEST_EFER) = EFER_LME | EFER_LMA;
	*fake_vmcs_at(VMCS_GUEST_CS_ACCESS_RIGHTS) = 0xc09b;	/* compatibility mode */
	*fake_vmcs_at(VMCS_GUEST_CR4) = CR4_PAE | CR4_PCIDE | CR4_VMXE;
	cr_expect_not(vcpu_write_cr0(&v, 0x31));
	cr_expect(vcpu_cr0(&v) & CR0_PG);
	*fake_vmcs_at(VMCS_GUEST_CR4) = CR4_PAE | CR4_VMXE;
	cr_expect(vcpu_write_cr0(&v, 0x31));
}
