/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/vmx/caps.h"
#include <criterion/criterion.h>
#include <string.h>

/* A CPU of the Skylake class with everything Tern knows, and nothing insisted on but the default1 bits. */
static struct vmx_raw skylake(void)
{
	return (struct vmx_raw){
		.cpuid_vmx = true, .physical_bits = 46, .linear_bits = 48,
		.feature_control = 0, .basic = 0x00d8100000000001 | 1ull << 55 | 1,
		.pin = 0xff00000016, .proc = 0xfff9fffe0401e172, .exit = 0x1ffffff00036dff, .entry = 0x3ffff000011ff,
		.true_pin = 0xff00000016, .true_proc = 0xfff9fffe04006172, .true_exit = 0x1ffffff00036dfb,
		.true_entry = 0x3ffff000011fb, .proc2 = 0x02177fff00000000, .ept_vpid = 0xf0106334141,
		.misc = 0x7004c1e5, .cr0_fixed0 = 0x80000021, .cr0_fixed1 = 0xffffffff, .cr4_fixed0 = 0x2000,
		.cr4_fixed1 = 0x3767ff,
		.cpuid_1_ecx = 1u << 26, .cpuid_1_edx = 1u << 16 | 1u << 24 | 1u << 25, .cpuid_7_ebx = 1u << 10,
		.cpuid_x1_edx = 1u << 11 | 1u << 20 | 1u << 27,
	};
}

static bool check(const struct vmx_raw *raw, struct why_list *list)
{
	struct vmx_caps caps;

	vmx_caps_init(&caps, raw);
	*list = (struct why_list){ 0 };
	return vmx_caps_check(&caps, list);
}

Test(caps, a_complete_cpu_has_nothing_missing)
{
	struct vmx_raw raw = skylake();
	struct why_list list;

	cr_assert(check(&raw, &list), "%s", list.why[0].text);
	cr_assert_eq(list.count, 0);
}

Test(caps, no_vmx_gives_one_sentence_that_names_cpuid)
{
	struct vmx_raw raw = { 0 };
	struct why_list list;

	cr_assert_not(check(&raw, &list));
	cr_assert_eq(list.count, 1);
	cr_assert(strstr(list.why[0].text, "CPUID.1:ECX.VMX[bit 5]"));
}

Test(caps, locked_off_by_firmware_gives_one_sentence)
{
	struct vmx_raw raw = skylake();
	struct why_list list;

	raw.feature_control = 1;
	cr_assert_not(check(&raw, &list));
	cr_assert_eq(list.count, 1);
	cr_assert(strstr(list.why[0].text, "IA32_FEATURE_CONTROL"));
	cr_assert(strlen(list.why[0].text) < WHY_TEXT - 1, "the sentence is cut");
	raw.feature_control = 5;
	cr_assert(check(&raw, &list));
}

Test(caps, each_missing_capability_is_named_with_msr_and_bit)
{
	static const struct { size_t offset; unsigned bit; const char *words; } cases[] = {
		{ offsetof(struct vmx_raw, proc2), 33, "\"enable EPT\": IA32_VMX_PROCBASED_CTLS2 bit 33" },
		{ offsetof(struct vmx_raw, proc2), 39, "\"unrestricted guest\"" },
		{ offsetof(struct vmx_raw, ept_vpid), 16, "\"2-MByte pages in EPT\": IA32_VMX_EPT_VPID_CAP bit 16" },
		{ offsetof(struct vmx_raw, ept_vpid), 25, "INVEPT" },
		{ offsetof(struct vmx_raw, true_pin), 38, "preemption timer" },
		{ offsetof(struct vmx_raw, true_proc), 60, "MSR bitmaps\": IA32_VMX_PROCBASED_CTLS bit 60" },
		{ offsetof(struct vmx_raw, true_exit), 47, "acknowledge interrupt" },
		{ offsetof(struct vmx_raw, true_entry), 47, "load IA32_EFER\": IA32_VMX_ENTRY_CTLS bit 47" },
	};
	struct why_list list;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmx_raw raw = skylake();

		*(uint64_t *)((char *)&raw + cases[i].offset) &= ~(1ull << cases[i].bit);
		cr_assert_not(check(&raw, &list));
		cr_assert_eq(list.count, 1, "case %zu: %u reasons", i, list.count);
		cr_assert(strstr(list.why[0].text, cases[i].words), "case %zu: %s", i, list.why[0].text);
	}
}

/* What vcpu_load and its kind execute faults in the host if the CPU doesn't know it. */
Test(caps, each_instruction_that_a_vm_needs_is_named_where_cpuid_lacks_it)
{
	static const struct { size_t offset; unsigned bit; const char *words; } cases[] = {
		{ offsetof(struct vmx_raw, cpuid_1_ecx), 26, "XSAVE" },
		{ offsetof(struct vmx_raw, cpuid_1_edx), 16, "IA32_PAT" },
		{ offsetof(struct vmx_raw, cpuid_1_edx), 24, "FXSAVE" },
		{ offsetof(struct vmx_raw, cpuid_1_edx), 25, "SSE" },
		{ offsetof(struct vmx_raw, cpuid_x1_edx), 11, "SYSCALL" },
		{ offsetof(struct vmx_raw, cpuid_x1_edx), 20, "IA32_EFER.NXE" },
	};
	struct why_list list;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmx_raw raw = skylake();

		*(uint32_t *)((char *)&raw + cases[i].offset) &= ~(1u << cases[i].bit);
		cr_assert_not(check(&raw, &list), "case %zu", i);
		cr_assert_eq(list.count, 1, "case %zu: %u reasons", i, list.count);
		cr_assert(strstr(list.why[0].text, cases[i].words), "case %zu: %s", i, list.why[0].text);
		cr_assert(strstr(list.why[0].text, "CPUID"), "case %zu: %s", i, list.why[0].text);
	}
}

/* A control alone gives the host no instruction and no MSR, nor does one that can't be flushed. */
Test(caps, a_feature_needs_all_of_its_parts)
{
	static const struct { enum vmx_feature feature; size_t offset; unsigned bit; } cases[] = {
		{ VMX_FEATURE_RDTSCP, offsetof(struct vmx_raw, cpuid_x1_edx), 27 },
		{ VMX_FEATURE_INVPCID, offsetof(struct vmx_raw, cpuid_7_ebx), 10 },
		{ VMX_FEATURE_VPID, offsetof(struct vmx_raw, ept_vpid) + 4, 0 },
		{ VMX_FEATURE_VPID, offsetof(struct vmx_raw, ept_vpid) + 4, 9 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmx_raw raw = skylake();
		struct vmx_caps caps;

		vmx_caps_init(&caps, &raw);
		cr_expect(vmx_caps_has(&caps, cases[i].feature), "case %zu", i);
		*(uint32_t *)((char *)&raw + cases[i].offset) &= ~(1u << cases[i].bit);
		vmx_caps_init(&caps, &raw);
		cr_expect_not(vmx_caps_has(&caps, cases[i].feature), "case %zu", i);
	}
}

Test(caps, a_control_that_cannot_be_switched_off_is_named)
{
	struct vmx_raw raw = skylake();
	struct why_list list;

	raw.basic &= ~(1ull << 55);	/* without the TRUE MSRs CR3 accesses always exit */
	cr_assert_not(check(&raw, &list));
	cr_assert_eq(list.count, 2);
	cr_assert(strstr(list.why[0].text, "CR3-load exiting"));
	cr_assert(strstr(list.why[1].text, "CR3-store exiting"));
}

Test(caps, features_follow_their_bits)
{
	struct vmx_raw raw = skylake();
	struct vmx_caps caps;

	vmx_caps_init(&caps, &raw);
	cr_assert(vmx_caps_has(&caps, VMX_FEATURE_PML));
	cr_assert(vmx_caps_has(&caps, VMX_FEATURE_EPT_AD));
	cr_assert(vmx_caps_has(&caps, VMX_FEATURE_TSC_SCALING));
	raw.proc2 &= ~(1ull << (32 + 17));
	raw.ept_vpid &= ~(1ull << 21);
	vmx_caps_init(&caps, &raw);
	cr_assert_not(vmx_caps_has(&caps, VMX_FEATURE_PML));
	cr_assert_not(vmx_caps_has(&caps, VMX_FEATURE_EPT_AD));
	cr_assert(vmx_caps_has(&caps, VMX_FEATURE_TSC_SCALING));
}

Test(caps, adjust_sets_what_must_be_and_reports_what_cannot)
{
	struct vmx_raw raw = skylake();
	struct vmx_caps caps;
	uint32_t refused;

	raw.proc2 = 0x0000008200000000;
	raw.true_pin = 0x7f00000016;
	vmx_caps_init(&caps, &raw);
	cr_assert_eq(vmx_controls_adjust(&caps, VMX_GROUP_PIN, VMX_PIN_NMI_EXITING, &refused), 0x1e);
	cr_assert_eq(refused, 0);
	cr_assert_eq(vmx_controls_adjust(&caps, VMX_GROUP_PIN, VMX_PIN_POSTED_INTERRUPTS, &refused), 0x16);
	cr_assert_eq(refused, VMX_PIN_POSTED_INTERRUPTS);
	cr_assert_eq(vmx_controls_adjust(&caps, VMX_GROUP_PROC2, VMX_PROC2_EPT | VMX_PROC2_PML, &refused),
		     VMX_PROC2_EPT);
	cr_assert_eq(refused, VMX_PROC2_PML);
}

Test(caps, control_registers_get_their_fixed_bits)
{
	struct vmx_raw raw = skylake();
	struct vmx_caps caps;

	vmx_caps_init(&caps, &raw);
	cr_assert_eq(vmx_cr0_adjust(&caps, 0x10, false), 0x80000031);
	cr_assert_eq(vmx_cr0_adjust(&caps, 0x10, true), 0x30);
	cr_assert_eq(vmx_cr4_adjust(&caps, 0x20), 0x2020);
	cr_assert_eq(vmx_cr4_adjust(&caps, 1ull << 30), 0x2000);
}

Test(caps, feature_control_has_three_states)
{
	cr_assert_eq(vmx_lock_state(0), VMX_UNLOCKED);
	cr_assert_eq(vmx_lock_state(4), VMX_UNLOCKED);
	cr_assert_eq(vmx_lock_state(5), VMX_LOCKED_ON);
	cr_assert_eq(vmx_lock_state(1), VMX_LOCKED_OFF);
	cr_assert_eq(vmx_lock_state(3), VMX_LOCKED_OFF);
	cr_assert_eq(vmx_lock_value(0x100000), 0x100005);
}
