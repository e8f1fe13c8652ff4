/* SPDX-License-Identifier: MIT */
/* exit_msr.c: the MSRs a guest sees, as a table; every other one is a #GP. */
#include "arch/x86_64/msr.h"
#include "hv/exit.h"
#include "lib/log.h"

enum kind {
	KIND_CONSTANT,	/* reads @value; writes of the same value pass, others are #GP */
	KIND_IGNORED,	/* reads @value; writes vanish */
	KIND_APIC,	/* the machine's */
	KIND_TSC, KIND_TSC_ADJUST, KIND_EFER, KIND_PAT, KIND_MISC_ENABLE, KIND_TSC_AUX
};

#define RDTSCP_BIT		27	/* CPUID.80000001H:EDX */
#define FEATURE_CONTROL_LOCKED	1ull
#define MTRR_ENABLE_WB		0x806ull	/* MTRRs on, default type WB */
#define MICROCODE_REVISION	(0xffffffffull << 32)
#define MSR_MTRR_CAP_NONE	0ull
#define TSC_AT_P0		(1ull << 24)	/* HWCR: TscFreqSel */

struct row { uint32_t first, last; enum kind kind; uint64_t value; };

static const struct row row[] = {
	{ MSR_IA32_TSC,			MSR_IA32_TSC,			KIND_TSC, 0 },
	{ 0x017,			0x017,				KIND_CONSTANT, 0 },	/* IA32_PLATFORM_ID */
	{ MSR_IA32_APIC_BASE,		MSR_IA32_APIC_BASE,		KIND_APIC, 0 },
	{ MSR_IA32_FEATURE_CONTROL,	MSR_IA32_FEATURE_CONTROL,	KIND_CONSTANT, FEATURE_CONTROL_LOCKED },
	{ MSR_IA32_TSC_ADJUST,		MSR_IA32_TSC_ADJUST,		KIND_TSC_ADJUST, 0 },
	/* IA32_BIOS_UPDT_TRIG */
	{ 0x079,			0x079,				KIND_IGNORED, 0 },
	{ MSR_IA32_BIOS_SIGN_ID,	MSR_IA32_BIOS_SIGN_ID,		KIND_IGNORED, MICROCODE_REVISION },
	{ MSR_PLATFORM_INFO,		MSR_PLATFORM_INFO,		KIND_CONSTANT, 0 },
	{ MSR_IA32_MTRRCAP,		MSR_IA32_MTRRCAP,		KIND_CONSTANT, MSR_MTRR_CAP_NONE },
	{ MSR_IA32_MCG_CAP,		MSR_IA32_MCG_STATUS,		KIND_CONSTANT, 0 },
	{ MSR_IA32_MISC_ENABLE,		MSR_IA32_MISC_ENABLE,		KIND_MISC_ENABLE, 0 },
	{ MSR_IA32_DEBUGCTL,		MSR_IA32_DEBUGCTL,		KIND_IGNORED, 0 },
	{ MSR_IA32_PAT,			MSR_IA32_PAT,			KIND_PAT, 0 },
	{ MSR_IA32_MTRR_DEF_TYPE,	MSR_IA32_MTRR_DEF_TYPE,		KIND_IGNORED, MTRR_ENABLE_WB },
	{ MSR_IA32_TSC_DEADLINE,	MSR_IA32_TSC_DEADLINE,		KIND_APIC, 0 },
	{ 0x800,			0x8ff,				KIND_APIC, 0 },
	{ MSR_IA32_EFER,		MSR_IA32_EFER,			KIND_EFER, 0 },
	{ MSR_IA32_TSC_AUX,		MSR_IA32_TSC_AUX,		KIND_TSC_AUX, 0 },
};

/* Of AMD's processors alone, where kernels read them without asking. */
static const struct row amd_row[] = {
	{ 0xc0010010,			0xc0010010,			KIND_IGNORED, 0 },	/* SYSCFG */
	{ 0xc0010015,			0xc0010015,			KIND_IGNORED, TSC_AT_P0 },	/* HWCR */
	{ 0xc001001f,			0xc001001f,			KIND_IGNORED, 0 },	/* NB_CFG */
};

static const struct row *find_in(const struct row *rows, unsigned count, uint32_t msr)
{
	for (unsigned i = 0; i < count; i++)
		if (msr >= rows[i].first && msr <= rows[i].last)
			return &rows[i];
	return NULL;
}

static const struct row *find(const struct vm *vm, uint32_t msr)
{
	const struct row *r = find_in(row, sizeof(row) / sizeof(row[0]), msr);

	if (!r && cpuid_is_vendor(&vm->cpuid, "AuthenticAMD"))
		r = find_in(amd_row, sizeof(amd_row) / sizeof(amd_row[0]), msr);
	return r;
}

/* A CPU without RDTSCP lacks the MSR too, so that the host must not touch it there. */
static bool absent(const struct vm *vm, const struct row *r)
{
	return !r || (r->kind == KIND_TSC_AUX && !cpuid_has(&vm->cpuid, CPUID_X1_EDX, RDTSCP_BIT));
}

static bool read_msr(struct vm *vm, struct vcpu *v, unsigned index, uint32_t msr, uint64_t *value)
{
	const struct row *r = find(vm, msr);

	if (absent(vm, r))
		return false;
	*value = r->value;
	switch (r->kind) {
	case KIND_APIC:		return machine_rdmsr(&vm->machine, index, msr, value);
	case KIND_TSC:		*value = vm_guest_tsc(vm); break;
	case KIND_TSC_ADJUST:	*value = v->tsc_adjust; break;
	case KIND_EFER:		*value = vcpu_efer(v); break;
	case KIND_PAT:		*value = vcpu_pat(v); break;
	case KIND_MISC_ENABLE:	*value = v->misc_enable; break;
	case KIND_TSC_AUX:	*value = v->tsc_aux; break;
	case KIND_CONSTANT:
	case KIND_IGNORED:	break;
	}
	return true;
}

/* SDM Vol. 3 "IA32_TSC_ADJUST": writing either moves the other by the same amount. */
static void move_tsc(struct vm *vm, struct vcpu *v, uint64_t by)
{
	vm_clock_move(vm, by);
	v->tsc_adjust += by;
	vcpu_set_tsc_offset(v, vm->clock.tsc_offset);
}

static bool write_msr(struct vm *vm, struct vcpu *v, unsigned index, uint32_t msr, uint64_t value)
{
	const struct row *r = find(vm, msr);

	if (absent(vm, r))
		return false;
	switch (r->kind) {
	case KIND_CONSTANT:	return value == r->value;
	case KIND_IGNORED:	break;
	case KIND_APIC:		return machine_wrmsr(&vm->machine, index, msr, value);
	case KIND_TSC:		move_tsc(vm, v, value - vm_guest_tsc(vm)); break;
	case KIND_TSC_ADJUST:	move_tsc(vm, v, value - v->tsc_adjust); break;
	case KIND_EFER:		return vcpu_write_efer(v, value);
	case KIND_MISC_ENABLE:	v->misc_enable = value; break;
	case KIND_TSC_AUX:
		if (value >> 32)
			return false;
		vcpu_write_tsc_aux(v, value);
		break;
	case KIND_PAT:
		if (!msr_pat_valid(value))
			return false;
		vcpu_set_pat(v, value);
		break;
	}
	return true;
}

enum exit_action exit_rdmsr(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint32_t msr = (uint32_t)v->gpr[GPR_RCX];
	uint64_t value;

	if (!read_msr(vm, v, index, msr, &value)) {
		log_debug("vm", "%s: RDMSR %x is a #GP", vm->name, msr);
		vcpu_inject_gp(v);
		return EXIT_CONTINUE;
	}
	v->gpr[GPR_RAX] = (uint32_t)value;
	v->gpr[GPR_RDX] = value >> 32;
	vcpu_skip(v);
	return EXIT_CONTINUE;
}

enum exit_action exit_wrmsr(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint32_t msr = (uint32_t)v->gpr[GPR_RCX];
	uint64_t value = v->gpr[GPR_RDX] << 32 | (uint32_t)v->gpr[GPR_RAX];

	if (!write_msr(vm, v, index, msr, value)) {
		log_debug("vm", "%s: WRMSR %x of %llx is a #GP", vm->name, msr, (unsigned long long)value);
		vcpu_inject_gp(v);
		return EXIT_CONTINUE;
	}
	vcpu_skip(v);
	return EXIT_CONTINUE;
}
