/* SPDX-License-Identifier: MIT */
/* paging.h: the host's page tables: all physical memory mapped one to one, W^X for the image, and the firmware's
 * runtime services as its own tables say. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/boot.h"

/* Early memory that paging_init takes at most. */
uint64_t paging_early_bytes(const struct memory_map *memory);
/* Builds the tables from early memory and loads CR3 on the boot CPU. Until then only what Tern allocated before
 * ExitBootServices may be touched. */
void paging_init(const struct memory_map *memory);
/* Gives the firmware's runtime services the rights they need; needs pages_add to have run. */
void paging_map_runtime(const struct boot_info *boot);
/* Whether all of [start, start + bytes) is mapped; true for anything before paging_init: the firmware maps all there
 * is. */
bool paging_maps(uint64_t start, uint64_t bytes);
/* Loads CR3, EFER.NXE, CR0.WP on a further CPU. */
void paging_load(void);
uint64_t paging_cr3(void);
/* Makes [base, base + bytes) present and uncached. For device registers, at boot time only. */
void paging_map_mmio(uint64_t base, uint64_t bytes);
/* Makes the page at @page executable and read-only (the AP trampoline), or data again. */
void paging_set_executable(uint64_t page, int executable);
/* The page at @page is not there any more: what runs over into it faults. Before the CPUs whose stack it guards run. */
void paging_guard(uint64_t page);
