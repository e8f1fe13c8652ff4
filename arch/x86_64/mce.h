/* SPDX-License-Identifier: MIT */
/* mce.h: machine checks: what the banks say of one, and whom it harms. SDM Vol. 3 "Machine-Check Architecture". */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum mce_verdict {
	MCE_NOTHING,	/* nothing uncorrected that is this CPU's business: a corrected error, or another CPU's */
	MCE_LATER,	/* memory at report.address is lost, and nobody has used it yet */
	MCE_MEMORY,	/* memory at report.address is lost, and what ran needs it */
	MCE_WHAT_RAN,	/* uncorrected, names no memory, and the processor itself is whole */
	MCE_FATAL,	/* the processor's state is lost, or errors can't be told apart */
};

struct mce_report {
	unsigned bank;
	uint64_t status, address;	/* of that bank; the address is host-physical */
	uint64_t global;		/* IA32_MCG_STATUS */
};

/* Turns the banks and CR4.MCE on, on the CPU that calls. Machine checks in Tern itself are its business from then
 * on. */
void mce_init(void);
/* Reads what the banks have, and clears it: the next machine check would else be a shutdown. */
enum mce_verdict mce_take(struct mce_report *report);
