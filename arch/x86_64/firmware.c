/* SPDX-License-Identifier: MIT */
#include "firmware.h"
#include "cpu.h"
#include "intr.h"
#include "lib/addr.h"
#include "lib/fmt.h"

#define STACK_BYTES 65536u
#define VECTOR_NMI 2
#define VECTOR_DF 8
#define VECTOR_MC 18

uint64_t firmware_enter(uint64_t function, const uint64_t *args, uint64_t stack_top);
extern char firmware_leave[];

/* One object, so that the guard lies below the stack. */
static struct { uint8_t guard[PAGE_SIZE], stack[STACK_BYTES]; } room __attribute__((aligned(4096)));
static volatile bool calling;
static char fault[120];

uint64_t firmware_call(uint64_t function, const uint64_t args[FIRMWARE_ARGS])
{
	uint64_t status;

	if (fault[0])
		return FIRMWARE_FAULTED;
	if (calling || cpu_this()->index)
		return FIRMWARE_BUSY;
	calling = true;
	status = firmware_enter(function, args, (uint64_t)room.stack + STACK_BYTES);
	calling = false;
	return status;
}

uint64_t firmware_stack_guard(void)
{
	return (uint64_t)room.guard;
}

const char *firmware_fault_text(void)
{
	return fault;
}

bool firmware_fault(struct intr_frame *frame)
{
	if (!calling || cpu_this()->index || frame->vector == VECTOR_NMI || frame->vector == VECTOR_DF ||
	    frame->vector == VECTOR_MC)
		return false;
	fmt(fault, sizeof(fault), "exception %llu, error %llx, at %llx, CR2 %llx", (unsigned long long)frame->vector,
	    (unsigned long long)frame->error, (unsigned long long)frame->rip, (unsigned long long)cr2_read());
	frame->rip = (uint64_t)firmware_leave;
	frame->rax = FIRMWARE_FAULTED;
	return true;
}
