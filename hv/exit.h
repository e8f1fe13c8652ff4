/* SPDX-License-Identifier: MIT */
/* exit.h: what each VM exit means: one table of handlers. */
#pragma once
#include "hv/vm.h"

enum exit_action {
	EXIT_CONTINUE,		/* enter again */
	EXIT_LEAVE,		/* end the slice: the host has something to do */
};

/* Handles the exit in @v->exit; one that nothing is known of stops the VM with a report. */
enum exit_action exit_handle(struct vm *vm, struct vcpu *v, unsigned index);

/* One function per kind; @index is the vCPU's number. */
enum exit_action exit_io(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_rdmsr(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_wrmsr(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_control_register(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_nmi(struct vm *vm, struct vcpu *v, unsigned index);
/* While @vm ran: whom it harms stops. */
enum exit_action exit_machine_check(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_memory(struct vm *vm, struct vcpu *v, unsigned index);
/* Completes v->exit by the instruction's own code; false: that can't be read, and the VM has stopped. */
bool exit_decode(struct vm *vm, struct vcpu *v);
