/* SPDX-License-Identifier: MIT */
#include "hv/instruction.h"
#include "hv/walk.h"

bool instruction_decode(struct vm *vm, const struct vcpu *v, struct instruction *out, bool operands)
{
	ZydisDecoder decoder;
	ZydisDecoderContext context;
	unsigned bits = walk_code_bits(v);
	uint64_t length = walk_read_code(vm, v, out->code, INSTRUCTION_MAX);

	if (!length || !ZYAN_SUCCESS(ZydisDecoderInit(&decoder,
			bits == 64 ? ZYDIS_MACHINE_MODE_LONG_64 :
			bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16,
			bits == 64 ? ZYDIS_STACK_WIDTH_64 : bits == 32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16)))
		return false;
	if (operands)
		return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, out->code, length, &out->insn, out->operand));
	return ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, &context, out->code, length, &out->insn));
}
