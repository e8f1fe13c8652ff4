/* SPDX-License-Identifier: MIT */
/* la57.h: a firmware that leaves 5-level paging on. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Whether the CPU that calls uses 5-level paging. */
bool la57_is_on(void);
/* Changes the boot CPU to 4-level paging with @cr3 (below 4 GiB), by code in @page, which is Tern's, below 1 MiB, and
 * mapped by both. The caller's translations must be Tern's already. What the CPU holds of GS, TSS and IDT must be
 * loaded again afterwards. */
void la57_leave(uint64_t cr3, uint64_t page);
