/* SPDX-License-Identifier: MIT */
/* exit_io.c: IN, OUT, INS, OUTS. */
#include "hv/exit.h"
#include "hv/walk.h"

#define RFLAGS_DF	(1ull << 10)
#define ADDRESS_SIZE	0x67		/* prefix */
#define INSTRUCTION_MAX	15
#define ITEMS_PER_EXIT	64	/* of a REP; the instruction is then executed again */

static void in(struct vm *vm, struct vcpu *v, unsigned index, uint16_t port, unsigned size)
{
	uint64_t mask = size == 1 ? 0xff : size == 2 ? 0xffff : 0xffffffff;
	uint64_t value = machine_port_in(&vm->machine, index, port, size) & mask;

	v->gpr[GPR_RAX] = size == 4 ? value : (v->gpr[GPR_RAX] & ~mask) | value;
}

/* An INS or OUTS. */
struct string {
	bool input, rep;
	uint16_t port;
	unsigned size;
	unsigned code_bits, address_bits;
	uint64_t base;
};

/* The segment that prefix byte @code names; -1: it is no such prefix. */
static int override(uint8_t code)
{
	switch (code) {
	case 0x26: return SEG_ES;
	case 0x2e: return SEG_CS;
	case 0x36: return SEG_SS;
	case 0x3e: return SEG_DS;
	case 0x64: return SEG_FS;
	case 0x65: return SEG_GS;
	default:   return -1;
	}
}

/* Address size and segment are told by prefixes alone: not every CPU reports them. */
static bool read_prefixes(struct vm *vm, const struct vcpu *v, struct string *s)
{
	uint8_t code[INSTRUCTION_MAX];
	uint32_t length = v->exit.length;
	int segment = SEG_DS;

	if (!length || length > INSTRUCTION_MAX || walk_read_code(vm, v, code, length) != length)
		return false;
	s->code_bits = s->address_bits = walk_code_bits(v);
	for (uint32_t i = 0; i + 1 < length; i++) {
		if (code[i] == ADDRESS_SIZE)
			s->address_bits = s->code_bits == 32 ? 16 : 32;
		else if (override(code[i]) >= 0)
			segment = override(code[i]);
	}
	if (s->input)
		segment = SEG_ES;
	if (s->code_bits != 64 || segment == SEG_FS || segment == SEG_GS)
		s->base = vcpu_segment_base(v, (enum vcpu_segment)segment);
	return true;
}

static uint64_t low(uint64_t value, unsigned bits)
{
	return bits == 64 ? value : value & ((1ull << bits) - 1);
}

/* A register as an address of @bits is written: 16 bits leave the rest, 32 clear it. */
static void put(uint64_t *reg, unsigned bits, uint64_t value)
{
	*reg = bits == 16 ? (*reg & ~0xffffull) | (value & 0xffff) : low(value, bits);
}

static bool canonical(uint64_t a)
{
	return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}

/* One item; false: a fault was injected or the VM stopped, and nothing else happened. */
static bool string_item(struct vm *vm, struct vcpu *v, unsigned index, const struct string *s, uint64_t linear)
{
	struct walk_data data;
	uint32_t value = 0;
	enum err e;

	if (s->code_bits == 64 && !(canonical(linear) && canonical(linear + s->size - 1))) {
		vcpu_inject_gp(v);
		return false;
	}
	linear = low(linear, s->code_bits == 64 ? 64 : 32);
	e = walk_data(vm, v, linear, s->size, s->input, &data);
	if (e == ERR_NOTFOUND) {
		vcpu_inject_page_fault(v, data.fault_linear, data.fault_error);
		return false;
	}
	if (e == ERR_OK && s->input) {
		value = machine_port_in(&vm->machine, index, s->port, s->size);
		e = walk_data_put(vm, &data, &value);
	} else if (e == ERR_OK) {
		e = walk_data_get(vm, &data, &value);
		if (e == ERR_OK)
			machine_port_out(&vm->machine, index, s->port, s->size, value);
	}
	if (e != ERR_OK)
		vm_crash(vm, "string I/O at RIP %llx, guest-linear %llx: %s", (unsigned long long)vcpu_rip(v),
			 (unsigned long long)linear,
			 e == ERR_UNSUPPORTED ? "no translation in this paging mode" : "not in RAM");
	return e == ERR_OK;
}

/* Segment limits are not looked at. */
static void string_items(struct vm *vm, struct vcpu *v, unsigned index, struct string *s)
{
	uint64_t *pointer = &v->gpr[s->input ? GPR_RDI : GPR_RSI], *count = &v->gpr[GPR_RCX];
	uint64_t step = vcpu_rflags(v) & RFLAGS_DF ? (uint64_t)0 - s->size : s->size;

	if (!read_prefixes(vm, v, s)) {
		vm_crash(vm, "the I/O instruction at RIP %llx can't be read", (unsigned long long)vcpu_rip(v));
		return;
	}
	for (unsigned n = 0; n < ITEMS_PER_EXIT && (!s->rep || low(*count, s->address_bits)); n++) {
		if (!string_item(vm, v, index, s, s->base + low(*pointer, s->address_bits)))
			return;
		put(pointer, s->address_bits, *pointer + step);
		if (!s->rep)
			break;
		put(count, s->address_bits, *count - 1);
	}
	if (!s->rep || !low(*count, s->address_bits))
		vcpu_skip(v);
}

/* Apart, so that the frame of the common case holds nothing that wants a stack guard. */
static __attribute__((noinline)) void string_io(struct vm *vm, struct vcpu *v, unsigned index)
{
	struct string s = { .input = v->exit.io.flags & VCPU_IO_IN, .rep = v->exit.io.flags & VCPU_IO_REP,
			    .port = v->exit.io.port, .size = v->exit.io.size };

	string_items(vm, v, index, &s);
}

enum exit_action exit_io(struct vm *vm, struct vcpu *v, unsigned index)
{
	unsigned size = v->exit.io.size;
	uint16_t port = v->exit.io.port;

	if (v->exit.io.flags & VCPU_IO_STRING) {
		string_io(vm, v, index);
	} else {
		if (v->exit.io.flags & VCPU_IO_IN)
			in(vm, v, index, port, size);
		else
			machine_port_out(&vm->machine, index, port, size,
					 (uint32_t)(v->gpr[GPR_RAX] & ~0ull >> (64 - 8 * size)));
		vcpu_skip(v);
	}
	return vm->machine.request == MACHINE_RUN ? EXIT_CONTINUE : EXIT_LEAVE;
}
