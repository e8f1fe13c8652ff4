/* SPDX-License-Identifier: MIT */
/* machine.h: the guest of tests/machine and what can be done with it. */
#pragma once
#include <stdint.h>
#include "hv/vm_guest.h"
#include "tests/machine/mailbox.h"

struct machine_test {
	struct vm *vm;
	struct mig_guest *guest;	/* the same, as a migration sees it */
	volatile struct mailbox *box;
	uint64_t first_page, pages;	/* where the guest writes: 2 MiB aligned, to the end of its memory */
};

/* Gives the guest an order and lets it begin. */
void machine_order(struct machine_test *t, struct mailbox order);
/* Lets the guest run for about @ns. */
void machine_slice(struct machine_test *t, uint64_t ns);
/* Lets the guest run until it has done its order; the ticks that it counted. */
uint64_t machine_finish(struct machine_test *t);

/* What the first word of the guest's command line can be; @words is the rest of it. */
void debug_run(struct machine_test *t, const char *words);
void figures_run(struct machine_test *t, const char *words);
void lost_run(struct machine_test *t, const char *words);
void nmi_run(struct machine_test *t, const char *words);
void pae_run(struct machine_test *t, const char *words);
void smash_run(struct machine_test *t, const char *words);
