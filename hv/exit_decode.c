/* SPDX-License-Identifier: MIT */
/* exit_decode.c: what a processor does not say of an instruction that exited is read in its code. */
#include "hv/exit.h"
#include "hv/instruction.h"

/* The second byte of those that have two (0F and this one) and no operand but registers that are implied. */
static const uint8_t opcode[VCPU_EXIT_KINDS] = {
	[VCPU_EXIT_CPUID] = 0xa2, [VCPU_EXIT_RDMSR] = 0x32, [VCPU_EXIT_WRMSR] = 0x30, [VCPU_EXIT_RDPMC] = 0x33,
	[VCPU_EXIT_INVD] = 0x08, [VCPU_EXIT_WBINVD] = 0x09, [VCPU_EXIT_XSETBV] = 0x01, [VCPU_EXIT_CR] = 0x20,
};

/* Another instruction than the one that exited: another processor has changed the code meanwhile. */
static bool is(const ZydisDecodedInstruction *insn, uint32_t kind)
{
	uint8_t direction = kind == VCPU_EXIT_CR ? 2 : 0;	/* MOV to CR is 22H */

	if (kind == VCPU_EXIT_HLT)
		return insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && insn->opcode == 0xf4;
	return insn->opcode_map == ZYDIS_OPCODE_MAP_0F && (insn->opcode & ~direction) == opcode[kind];
}

bool exit_decode(struct vm *vm, struct vcpu *v)
{
	struct instruction i;
	uint32_t kind = v->exit.undecoded;

	v->exit.kind = kind;
	if (!instruction_decode(vm, v, &i, false) || !is(&i.insn, kind)) {
		/* In a paging mode that is not walked here the length without prefixes has to do. */
		if (kind != VCPU_EXIT_CR)
			return true;
		vm_crash(vm, "the access to CR%u at RIP %llx can't be read", v->exit.cr.number,
			 (unsigned long long)vcpu_rip(v));
		return false;
	}
	v->exit.length = i.insn.length;
	if (kind == VCPU_EXIT_CR)
		v->exit.cr.gpr = (uint8_t)(i.insn.raw.modrm.rm | (i.insn.raw.rex.B & 1) << 3);
	return true;
}
