/* SPDX-License-Identifier: MIT */
/* firmware.h: calls into the firmware's runtime services, as UEFI's "Runtime Services, x64 Platforms" asks for. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct intr_frame;

#define FIRMWARE_ARGS 5
/* No firmware returns these. */
#define FIRMWARE_FAULTED 0xfa00000000000001ull
#define FIRMWARE_BUSY	 0xfa00000000000002ull

/* Calls @function in physical mode, on a stack of its own and with the extended state that UEFI prescribes; the boot
 * CPU only, with interrupts off (else FIRMWARE_BUSY). Returns the EFI_STATUS. FIRMWARE_FAULTED: it ended in a CPU
 * exception, now or at an earlier call; after that it is never called again. */
uint64_t firmware_call(uint64_t function, const uint64_t args[FIRMWARE_ARGS]);
/* The page below that stack. */
uint64_t firmware_stack_guard(void);
/* What the exception was, "" if there was none. */
const char *firmware_fault_text(void);
/* An exception; true: it arose in a call of the firmware, which now returns. */
bool firmware_fault(struct intr_frame *frame);
