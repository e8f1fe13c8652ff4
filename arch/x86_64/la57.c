/* SPDX-License-Identifier: MIT */
#include "la57.h"
#include <stddef.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "lib/bytes.h"
#include "paging.h"

extern char la57_start[], la57_end[], la57_gdt[], la57_gdt_pointer[], la57_far_pointer[], la57_long[], la57_saved[];

static uint64_t saved_rsp;

bool la57_is_on(void)
{
	return cr4_read() & CR4_LA57;
}

void la57_leave(uint64_t cr3, uint64_t page)
{
	char *at = (char *)page;

	paging_set_executable(page, 0);
	memcpy(at, la57_start, (size_t)(la57_end - la57_start));
	le64_put(at + (la57_gdt_pointer - la57_start) + 2, page + (uint64_t)(la57_gdt - la57_start));
	le32_put(at + (la57_far_pointer - la57_start), (uint32_t)(page + (uint64_t)(la57_long - la57_start)));
	le64_put(at + (la57_saved - la57_start), (uint64_t)&saved_rsp);
	paging_set_executable(page, 1);
	((void (*)(uint32_t cr3, uint32_t page))page)((uint32_t)cr3, (uint32_t)page);
	paging_set_executable(page, 0);
}
