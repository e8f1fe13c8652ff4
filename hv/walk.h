/* SPDX-License-Identifier: MIT */
/* walk.h: guest-linear accesses of the host, through the guest's own page tables. */
#pragma once
#include "hv/vm.h"

/* Translates @linear as the loaded vCPU's CR0, CR3, CR4 and EFER say. ERR_NOTFOUND: not mapped (no fault is raised);
 * ERR_UNSUPPORTED: paging mode without translation here (32-bit and PAE paging). */
enum err walk_translate(struct vm *vm, uint64_t linear, gpa_t *out) NODISCARD;
/* Reads up to @bytes at @linear, fewer if a page is not mapped; returns how many. */
uint64_t walk_read(struct vm *vm, uint64_t linear, void *out, uint64_t bytes);
/* Writes all or nothing within mapped pages; ERR_NOTFOUND as above. */
enum err walk_write(struct vm *vm, uint64_t linear, const void *from, uint64_t bytes) NODISCARD;
