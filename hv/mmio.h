/* SPDX-License-Identifier: MIT */
/* mmio.h: emulates the instruction behind an access to a device's memory. */
#pragma once
#include "hv/vm.h"

/* Decodes the instruction at RIP, does its access at @at and skips it. false: the VM was stopped with a report
 * (an instruction outside the table in mmio.c). */
bool mmio_emulate(struct vm *vm, struct vcpu *v, unsigned index, uint64_t at);
