/* SPDX-License-Identifier: MIT */
/* exit.h: what each VM exit means: one table of handlers. */
#pragma once
#include "hv/vm.h"

enum exit_action {
	EXIT_CONTINUE,		/* enter again */
	EXIT_LEAVE,		/* end the slice: the host has something to do */
};

/* Handles the exit in @v->exit; a reason without a handler stops the VM with a report. */
enum exit_action exit_handle(struct vm *vm, struct vcpu *v, unsigned index);

/* One function per reason or family; @index is the vCPU's number. */
enum exit_action exit_io(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_rdmsr(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_wrmsr(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_control_register(struct vm *vm, struct vcpu *v, unsigned index);
enum exit_action exit_exception_or_nmi(struct vm *vm, struct vcpu *v, unsigned index);
/* A machine check while @vm ran: whom it harms stops. */
enum exit_action exit_machine_check(struct vm *vm);
enum exit_action exit_ept_violation(struct vm *vm, struct vcpu *v, unsigned index);
