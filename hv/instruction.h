/* SPDX-License-Identifier: MIT */
/* instruction.h: the instruction at a vCPU's RIP, read through its own page tables and decoded. */
#pragma once
#include <Zydis/Zydis.h>
#include "hv/vm.h"

#define INSTRUCTION_MAX	15

struct instruction {
	uint8_t code[INSTRUCTION_MAX];	/* 0 where it could not be read */
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
};

/* False: it can't be read (not mapped, or in a paging mode without translation here), or is none. @operands: whether
 * they are wanted. */
bool instruction_decode(struct vm *vm, const struct vcpu *v, struct instruction *out, bool operands);
