/* SPDX-License-Identifier: MIT */
/* exit_cr.c: accesses to control registers. */
#include "hv/exit.h"
#include "hv/guest_mem.h"
#include "hv/walk.h"

#define CR0_TS		(1ull << 3)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
/* SDM Vol. 3 "PDPTE Registers": whose change loads them. CR0: PG, CD, NW; CR4: PAE, PSE, PGE, SMEP. */
#define LOADS_CR0	(CR0_PG | 3ull << 29)
#define LOADS_CR4	(CR4_PAE | 1ull << 4 | 1ull << 7 | 1ull << 20)

/* What the CPU would have done had there been no exit: under nested paging the PDPTEs are registers. */
static bool write_paging(struct vm *vm, struct vcpu *v, unsigned cr, uint64_t value)
{
	uint64_t cr0 = cr == 0 ? value : vcpu_cr0(v), cr4 = cr == 4 ? value : vcpu_cr4(v);
	bool pae = (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(vcpu_efer(v) & EFER_LME);
	bool loads = pae && (((cr0 ^ vcpu_cr0(v)) & LOADS_CR0) || ((cr4 ^ vcpu_cr4(v)) & LOADS_CR4));
	uint64_t pdpte[4];

	if (loads && (guest_read(vm, gpa(vcpu_cr3(v) & 0xffffffe0), pdpte, sizeof(pdpte)) != ERR_OK ||
		      !vcpu_pdptes_valid(pdpte)))
		return false;
	if (cr == 0 ? !vcpu_write_cr0(v, value) : !vcpu_write_cr4(v, value))
		return false;
	if (loads)
		vcpu_set_pdptes(v, pdpte);
	return true;
}

static bool write_cr(struct vm *vm, struct vcpu *v, unsigned index, unsigned cr, uint64_t value)
{
	switch (cr) {
	case 0:
	case 4: return write_paging(vm, v, cr, value);
	case 8: return machine_cr8_set(&vm->machine, index, value);
	default: return false;
	}
}

static bool lmsw(struct vcpu *v, uint64_t source)
{
	uint64_t old = vcpu_cr0(v);

	return vcpu_write_cr0(v, (old & ~0xeull) | (source & 0xf) | (old & 1));
}

enum exit_action exit_control_register(struct vm *vm, struct vcpu *v, unsigned index)
{
	unsigned cr = v->exit.cr.number, gpr = v->exit.cr.gpr;
	uint64_t value = vcpu_gpr(v, gpr);
	bool ok = true;

	switch ((enum vcpu_cr_access)v->exit.cr.access) {
	case VCPU_CR_WRITE:
		/* Outside 64-bit code a register has 32 bits, whatever 64-bit code left above them. */
		ok = write_cr(vm, v, index, cr, walk_code_bits(v) == 64 ? value : (uint32_t)value);
		break;
	case VCPU_CR_READ:
		ok = cr == 4 || cr == 8;
		if (ok)
			vcpu_set_gpr(v, gpr, cr == 4 ? vcpu_cr4(v) : machine_cr8_get(&vm->machine, index));
		break;
	case VCPU_CR_CLTS:
		ok = vcpu_write_cr0(v, vcpu_cr0(v) & ~CR0_TS);
		break;
	case VCPU_CR_LMSW:
		ok = lmsw(v, v->exit.cr.source);
		break;
	}
	if (ok)
		vcpu_skip(v);
	else
		vcpu_inject_gp(v);
	return EXIT_CONTINUE;
}
