/* SPDX-License-Identifier: MIT */
/* exit_cr.c: accesses to control registers, SDM Vol. 3 "Exit Qualification for Control-Register Accesses". */
#include "hv/exit.h"
#include "hv/walk.h"

#define CR0_TS (1ull << 3)
enum { TYPE_TO, TYPE_FROM, TYPE_CLTS, TYPE_LMSW };

static bool write_cr(struct vm *vm, struct vcpu *v, unsigned index, unsigned cr, uint64_t value)
{
	switch (cr) {
	case 0: return vcpu_write_cr0(v, value);
	case 4: return vcpu_write_cr4(v, value);
	case 8: return machine_cr8_set(&vm->machine, index, value);
	default: return false;
	}
}

static bool lmsw(struct vcpu *v, uint64_t source)
{
	uint64_t old = vcpu_cr0();

	return vcpu_write_cr0(v, (old & ~0xeull) | (source & 0xf) | (old & 1));
}

enum exit_action exit_control_register(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint64_t q = v->exit.qualification;
	unsigned cr = q & 15, gpr = q >> 8 & 15;
	bool ok = true;

	switch (q >> 4 & 3) {
	case TYPE_TO:
		/* Outside 64-bit code a register has 32 bits, whatever 64-bit code left above them. */
		ok = write_cr(vm, v, index, cr, walk_code_bits() == 64 ? vcpu_gpr(v, gpr) : (uint32_t)vcpu_gpr(v, gpr));
		break;
	case TYPE_FROM:
		ok = cr == 8;
		if (ok)
			vcpu_set_gpr(v, gpr, machine_cr8_get(&vm->machine, index));
		break;
	case TYPE_CLTS:
		ok = vcpu_write_cr0(v, vcpu_cr0() & ~CR0_TS);
		break;
	case TYPE_LMSW:
		ok = lmsw(v, q >> 16 & 0xffff);
		break;
	}
	if (ok)
		vcpu_skip(v);
	else
		vcpu_inject_gp(v);
	return EXIT_CONTINUE;
}
