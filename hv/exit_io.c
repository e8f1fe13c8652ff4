/* SPDX-License-Identifier: MIT */
/* exit_io.c: IN, OUT, INS, OUTS; SDM Vol. 3 "Exit Qualification for I/O Instructions". */
#include <string.h>
#include "hv/exit.h"
#include "hv/walk.h"

#define RFLAGS_DF	(1ull << 10)
#define IN		(1u << 3)
#define STRING		(1u << 4)
#define REP		(1u << 5)
#define VECTOR_PF	14
#define ITEMS_PER_EXIT	64	/* of a REP; the instruction is then executed again */

static void in(struct vm *vm, struct vcpu *v, unsigned index, uint16_t port, unsigned size)
{
	uint64_t mask = size == 1 ? 0xff : size == 2 ? 0xffff : 0xffffffff;
	uint64_t value = machine_port_in(&vm->machine, index, port, size) & mask;

	v->gpr[GPR_RAX] = size == 4 ? value : (v->gpr[GPR_RAX] & ~mask) | value;
}

/* One item; false if the guest's page is not mapped. */
static bool string_item(struct vm *vm, unsigned index, uint16_t port, unsigned size, bool input, uint64_t linear)
{
	uint32_t value = 0;

	if (input) {
		value = machine_port_in(&vm->machine, index, port, size);
		return walk_write(vm, linear, &value, size) == ERR_OK;
	}
	if (walk_read(vm, linear, &value, size) != size)
		return false;
	machine_port_out(&vm->machine, index, port, size, value);
	return true;
}

static enum exit_action string_io(struct vm *vm, struct vcpu *v, unsigned index, uint16_t port, unsigned size)
{
	bool input = v->exit.qualification & IN, rep = v->exit.qualification & REP;
	unsigned pointer = input ? GPR_RDI : GPR_RSI;
	uint64_t step = vcpu_rflags() & RFLAGS_DF ? (uint64_t)0 - size : size;
	uint64_t base = vcpu_segment_base(input ? SEG_ES : SEG_DS);

	for (unsigned n = 0; n < ITEMS_PER_EXIT && (!rep || v->gpr[GPR_RCX]); n++) {
		if (!string_item(vm, index, port, size, input, base + v->gpr[pointer])) {
			vcpu_inject_exception(v, VECTOR_PF, true, input ? 2 : 0);
			return EXIT_CONTINUE;
		}
		v->gpr[pointer] += step;
		if (!rep)
			break;
		v->gpr[GPR_RCX]--;
	}
	if (!rep || !v->gpr[GPR_RCX])
		vcpu_skip(v);
	return EXIT_CONTINUE;
}

enum exit_action exit_io(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint64_t q = v->exit.qualification;
	unsigned size = (q & 7) + 1;
	uint16_t port = (uint16_t)(q >> 16);

	if (q & STRING)
		return string_io(vm, v, index, port, size);
	if (q & IN)
		in(vm, v, index, port, size);
	else
		machine_port_out(&vm->machine, index, port, size, (uint32_t)v->gpr[GPR_RAX] & (size == 4 ? 0xffffffffu : (1u << 8 * size) - 1));
	vcpu_skip(v);
	return vm->machine.request == MACHINE_RUN ? EXIT_CONTINUE : EXIT_LEAVE;
}
