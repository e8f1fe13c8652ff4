/* SPDX-License-Identifier: MIT */
/* guest.h: what the parts of the guest share. */
#pragma once
#include <stdbool.h>
#include "tests/machine/mailbox.h"

/* An interrupt gate to @handler on the stack @ist of the TSS (0: the current one), and the table in force. */
void guest_gate(uint64_t *idt, unsigned vector, const char *handler, uint64_t ist);
void guest_idt(const uint64_t *idt, unsigned bytes);

/* ORDER_DEBUG and those after it; the loops don't come back. */
void debug_order(volatile struct mailbox *box);
