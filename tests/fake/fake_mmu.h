/* SPDX-License-Identifier: MIT */
/* fake_mmu.h: vCPUs that write guest memory through a gpt as the CPU does: a TLB that goes stale, A and D flags, the
 * PML log. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/dirty.h"

#define FAKE_PAGES	(6u * CHUNK_PAGES)
#define FAKE_VCPUS	2u

struct fake_mmu {
	struct gpt gpt;
	struct dirty dirty;
	uint32_t memory[FAKE_PAGES];	/* one number stands for a page's content */
	bool mapped[FAKE_PAGES / CHUNK_PAGES];
	bool lose_flush;		/* a broken gpt_flush: exits happen, translations stay */
	unsigned flushes, faults, pml_full, fetch_faults, flushing;
	/* Called while a flush is on its way to the CPUs: what may a guest still do? */
	void (*meanwhile)(struct fake_mmu *m);
	struct fake_vcpu {
		struct { bool valid, writable, dirty, executable; } tlb[FAKE_PAGES];
		uint64_t log[512];
		uint16_t index;
		bool pml;
	} vcpu[FAKE_VCPUS];
};

extern struct fake_mmu *fake_mmu;	/* the machine that gpt_flush reaches */

void fake_mmu_init(struct fake_mmu *m, const struct gpt_format *format, bool ad);
void fake_mmu_fini(struct fake_mmu *m);
void fake_mmu_map(struct fake_mmu *m, unsigned chunk);
/* Guest accesses by vCPU @v; exits are handled as the hypervisor does. A write increments the page's number. */
void fake_mmu_write(struct fake_mmu *m, unsigned v, unsigned page);
void fake_mmu_read(struct fake_mmu *m, unsigned v, unsigned page);
/* An instruction fetch: of a page that is never executable, or in a large leaf after gpt_small_code, the test fails. */
void fake_mmu_fetch(struct fake_mmu *m, unsigned v, unsigned page);
/* A write by the host. */
void fake_mmu_host_write(struct fake_mmu *m, unsigned page);
/* All vCPUs exit: logs are drained. */
void fake_mmu_exit_all(struct fake_mmu *m);
