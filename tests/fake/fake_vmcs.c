/* SPDX-License-Identifier: MIT */
/* fake_vmcs.c: see fake_vmcs.h. */
#include "tests/fake/fake_vmcs.h"
#include <stdlib.h>
#include <string.h>

static uint64_t fields[0x8000];

struct vmx_raw fake_vmcs_cpu(void)
{
	return (struct vmx_raw){
		.cpuid_vmx = true, .physical_bits = 46, .linear_bits = 48, .feature_control = 5,
		.basic = 0x00d8100000000001 | 1ull << 55,
		.true_pin = 0xff00000016, .true_proc = 0xfff9fffe04006172, .true_exit = 0x1ffffff00036dfb,
		.true_entry = 0x3ffff000011fb, .proc2 = 0x02d77fff00000000, .ept_vpid = 0xf0106334141,
		.misc = 0x7004c1e5, .cr0_fixed0 = 0x80000021, .cr0_fixed1 = 0xffffffff, .cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3767ff, .vmfunc = 1, .cpuid_7_ebx = 1u << 11,
	};
}

uint64_t fake_vmcs_get(enum vmcs_field field)
{
	return fields[field];
}

void fake_vmcs_set(enum vmcs_field field, uint64_t value)
{
	if (!strcmp(vmcs_field_name(field), "?"))
		abort();
	fields[field] = value;
}

uint64_t audit_field(enum vmcs_field field)
{
	return fields[field];
}

static const struct { enum vmcs_field field; uint64_t value; } good[] = {
	{ VMCS_PIN_BASED_CONTROLS, FAKE_VMCS_PIN }, { VMCS_PRIMARY_CONTROLS, FAKE_VMCS_PROC },
	{ VMCS_SECONDARY_CONTROLS, FAKE_VMCS_PROC2 }, { VMCS_EXIT_CONTROLS, FAKE_VMCS_EXIT },
	{ VMCS_ENTRY_CONTROLS, FAKE_VMCS_ENTRY },
	{ VMCS_IO_BITMAP_A, 0x1000 }, { VMCS_IO_BITMAP_B, 0x2000 }, { VMCS_MSR_BITMAP, 0x3000 },
	{ VMCS_PML_ADDRESS, 0x4000 }, { VMCS_EPT_POINTER, 0x505e }, { VMCS_VPID, 1 },
	{ VMCS_TSC_MULTIPLIER, 1ull << 48 }, { VMCS_VMCS_LINK_POINTER, ~0ull },
	{ VMCS_HOST_CR0, 0x80000033 }, { VMCS_HOST_CR3, 0x6000 }, { VMCS_HOST_CR4, 0x2620 },
	{ VMCS_HOST_CS_SELECTOR, 8 }, { VMCS_HOST_TR_SELECTOR, 0x18 },
	{ VMCS_HOST_PAT, 0x0007040600070406 }, { VMCS_HOST_EFER, 0xd00 }, { VMCS_HOST_RIP, 0x100000 },
	{ VMCS_GUEST_CR0, 0x80050033 }, { VMCS_GUEST_CR3, 0x7000 }, { VMCS_GUEST_CR4, 0x26a0 },
	{ VMCS_GUEST_PAT, 0x0007040600070406 }, { VMCS_GUEST_EFER, 0xd01 }, { VMCS_GUEST_DR7, 0x400 },
	{ VMCS_GUEST_CS_SELECTOR, 0x10 }, { VMCS_GUEST_CS_ACCESS_RIGHTS, 0xa09b }, { VMCS_GUEST_CS_LIMIT, 0xffffffff },
	{ VMCS_GUEST_SS_SELECTOR, 0x18 }, { VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc093 }, { VMCS_GUEST_SS_LIMIT, 0xffffffff },
	{ VMCS_GUEST_DS_ACCESS_RIGHTS, 0xc093 }, { VMCS_GUEST_DS_LIMIT, 0xffffffff },
	{ VMCS_GUEST_ES_ACCESS_RIGHTS, 0x10000 }, { VMCS_GUEST_FS_ACCESS_RIGHTS, 0x10000 },
	{ VMCS_GUEST_GS_ACCESS_RIGHTS, 0x10000 }, { VMCS_GUEST_GS_BASE, 0xffff888000000000 },
	{ VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x10000 },
	{ VMCS_GUEST_TR_SELECTOR, 0x40 }, { VMCS_GUEST_TR_ACCESS_RIGHTS, 0x8b }, { VMCS_GUEST_TR_LIMIT, 0x67 },
	{ VMCS_GUEST_GDTR_BASE, 0xfffffe0000001000 }, { VMCS_GUEST_GDTR_LIMIT, 0x7f },
	{ VMCS_GUEST_IDTR_BASE, 0xfffffe0000000000 }, { VMCS_GUEST_IDTR_LIMIT, 0xfff },
	{ VMCS_GUEST_RIP, 0xffffffff81000000 }, { VMCS_GUEST_RFLAGS, 0x202 },
};

void fake_vmcs_good(void)
{
	memset(fields, 0, sizeof(fields));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		fake_vmcs_set(good[i].field, good[i].value);
}
