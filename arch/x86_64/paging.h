/* SPDX-License-Identifier: MIT */
/* paging.h: the host's page tables: all physical memory mapped one to one, W^X for the image, and the firmware's runtime
 * services as its own tables say. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/boot.h"

/* Builds the tables and loads CR3 on the boot CPU; needs pages_add to have run. */
void paging_init(const struct boot_info *boot);
/* Loads CR3, EFER.NXE, CR0.WP on a further CPU. */
void paging_load(void);
uint64_t paging_cr3(void);
/* Makes [base, base + bytes) present and uncached. For device registers, at boot time only. */
void paging_map_mmio(uint64_t base, uint64_t bytes);
/* Makes the page at @page executable and read-only (the AP trampoline), or data again. */
void paging_set_executable(uint64_t page, int executable);
