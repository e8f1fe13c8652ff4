/* SPDX-License-Identifier: MIT */
#include "hv/mmio.h"
#include <string.h>
#include "hv/instruction.h"
#include "lib/fmt.h"

#define FLAG_CF		(1ull << 0)
#define FLAG_PF		(1ull << 2)
#define FLAG_ZF		(1ull << 6)
#define FLAG_SF		(1ull << 7)
#define FLAG_OF		(1ull << 11)
#define FLAGS_LOGIC	(FLAG_CF | FLAG_PF | FLAG_ZF | FLAG_SF | FLAG_OF)

struct access {
	struct vm *vm;
	struct vcpu *v;
	unsigned index;
	uint64_t at;
	struct instruction i;
	unsigned size;		/* bytes of the memory operand */
};

static uint64_t size_mask(unsigned size)
{
	return size >= 8 ? ~0ull : (1ull << 8 * size) - 1;
}

static bool high_byte(ZydisRegister r)
{
	return r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
}

static unsigned gpr_of(ZydisRegister r)
{
	return high_byte(r) ? (unsigned)(r - ZYDIS_REGISTER_AH) : (unsigned)ZydisRegisterGetId(r);
}

/* ZydisRegisterGetId counts AH to BH behind BL; the byte registers with REX follow: fold them to 0-15. */
static unsigned gpr_index(ZydisRegister r, unsigned size)
{
	if (high_byte(r))
		return gpr_of(r);
	if (size == 1)
		return r <= ZYDIS_REGISTER_BL ? (unsigned)(r - ZYDIS_REGISTER_AL) :
						4u + (unsigned)(r - ZYDIS_REGISTER_SPL);
	return gpr_of(r);
}

static uint64_t read_gpr(const struct access *a, const ZydisDecodedOperand *o)
{
	unsigned size = o->size / 8;
	uint64_t value = vcpu_gpr(a->v, gpr_index(o->reg.value, size));

	return (high_byte(o->reg.value) ? value >> 8 : value) & size_mask(size);
}

static void write_gpr(struct access *a, const ZydisDecodedOperand *o, uint64_t value)
{
	unsigned size = o->size / 8, n = gpr_index(o->reg.value, size);
	uint64_t old = vcpu_gpr(a->v, n), mask = size_mask(size);

	if (high_byte(o->reg.value))
		value = (old & ~0xff00ull) | (value & 0xff) << 8;
	else if (size < 4)
		value = (old & ~mask) | (value & mask);
	else
		value &= mask;		/* a 32-bit result clears the upper half */
	vcpu_set_gpr(a->v, n, value);
}

/* Register or immediate operand. */
static uint64_t source(const struct access *a, const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_REGISTER ? read_gpr(a, o) : o->imm.value.u & size_mask(a->size);
}

static uint64_t device_read(struct access *a)
{
	uint64_t value = ~0ull;

	if (!machine_mmio(&a->vm->machine, a->index, a->at, a->size, false, &value))
		value = ~0ull;
	return value & size_mask(a->size);
}

static void device_write(struct access *a, uint64_t value)
{
	value &= size_mask(a->size);
	(void)machine_mmio(&a->vm->machine, a->index, a->at, a->size, true, &value);
}

static int64_t sign_extend(uint64_t value, unsigned size)
{
	unsigned shift = 64 - 8 * size;

	return (int64_t)(value << shift) >> shift;
}

static void set_logic_flags(struct access *a, uint64_t value)
{
	uint64_t flags = vcpu_rflags(a->v) & ~FLAGS_LOGIC;

	value &= size_mask(a->size);
	if (!value)
		flags |= FLAG_ZF;
	if (value >> (8 * a->size - 1))
		flags |= FLAG_SF;
	if (!(__builtin_popcount((unsigned)(value & 0xff)) & 1))
		flags |= FLAG_PF;
	vcpu_set_rflags(a->v, flags);
}

/* Instructions that drivers use on device memory: moves, exchanges and bit changes. */
static bool execute(struct access *a)
{
	ZydisDecodedOperand *to = &a->i.operand[0], *from = &a->i.operand[1];
	bool store = to->type == ZYDIS_OPERAND_TYPE_MEMORY;
	uint64_t value;

	switch (a->i.insn.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		if (store)
			device_write(a, source(a, from));
		else
			write_gpr(a, to, device_read(a));
		return true;
	case ZYDIS_MNEMONIC_MOVZX:
		write_gpr(a, to, device_read(a));
		return true;
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		write_gpr(a, to, (uint64_t)sign_extend(device_read(a), a->size));
		return true;
	case ZYDIS_MNEMONIC_XCHG:
		value = device_read(a);
		device_write(a, source(a, store ? from : to));
		write_gpr(a, store ? from : to, value);
		return true;
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_TEST:
		value = device_read(a);
		if (a->i.insn.mnemonic == ZYDIS_MNEMONIC_OR)
			value |= source(a, store ? from : to);
		else if (a->i.insn.mnemonic == ZYDIS_MNEMONIC_XOR)
			value ^= source(a, store ? from : to);
		else
			value &= source(a, store ? from : to);
		set_logic_flags(a, value);
		if (a->i.insn.mnemonic == ZYDIS_MNEMONIC_TEST)
			return true;
		if (store)
			device_write(a, value);
		else
			write_gpr(a, to, value);
		return true;
	default:
		return false;
	}
}

/* MOV also goes to and from segment registers. */
static bool general(ZydisRegister r)
{
	ZydisRegisterClass c = ZydisRegisterGetClass(r);

	return c == ZYDIS_REGCLASS_GPR8 || c == ZYDIS_REGCLASS_GPR16 || c == ZYDIS_REGCLASS_GPR32 ||
	       c == ZYDIS_REGCLASS_GPR64;
}

static bool decode(struct access *a)
{
	if (!instruction_decode(a->vm, a->v, &a->i, true))
		return false;
	for (unsigned i = 0; i < a->i.insn.operand_count && i < 2; i++) {
		if (a->i.operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			a->size = a->i.operand[i].size / 8;
		else if (a->i.operand[i].type == ZYDIS_OPERAND_TYPE_REGISTER && !general(a->i.operand[i].reg.value))
			return false;
	}
	return a->size == 1 || a->size == 2 || a->size == 4 || a->size == 8;
}

bool mmio_emulate(struct vm *vm, struct vcpu *v, unsigned index, uint64_t at)
{
	struct access a = { .vm = vm, .v = v, .index = index, .at = at };
	const uint8_t *code = a.i.code;

	if (decode(&a) && execute(&a)) {
		v->exit.length = a.i.insn.length;
		vcpu_skip(v);
		return true;
	}
	vm_crash(vm,
		 "access to guest-physical %llx at RIP %llx can't be emulated: %02x %02x %02x %02x %02x %02x %02x %02x",
		 (unsigned long long)at, (unsigned long long)vcpu_rip(v), code[0], code[1], code[2], code[3], code[4],
		 code[5], code[6], code[7]);
	return false;
}
