/* SPDX-License-Identifier: MIT */
/* walk.h: guest-linear accesses of the host, through the guest's own page tables. */
#pragma once
#include "hv/vm.h"

/* Translates @linear as CR0, CR3, CR4 and EFER of @v say, which here and below is loaded. ERR_NOTFOUND: not mapped (no
 * fault is raised); ERR_UNSUPPORTED: paging mode without translation here (32-bit and PAE paging). */
enum err walk_translate(struct vm *vm, const struct vcpu *v, uint64_t linear, gpa_t *out) NODISCARD;
/* Reads up to @bytes at @linear, fewer if a page is not mapped; returns how many. */
uint64_t walk_read(struct vm *vm, const struct vcpu *v, uint64_t linear, void *out, uint64_t bytes);

/* 64, 32 or 16: the mode that the code at RIP runs in. */
unsigned walk_code_bits(const struct vcpu *v);
/* As walk_read, at RIP. */
uint64_t walk_read_code(struct vm *vm, const struct vcpu *v, void *out, uint64_t bytes);

/* An access to data on behalf of the guest's instruction: up to a page, in one or two pages. */
struct walk_data {
	gpa_t at[2];
	uint64_t bytes[2];
	uint64_t fault_linear;	/* of the #PF, with its error code, after ERR_NOTFOUND */
	uint32_t fault_error;
};

/* Translates with the checks of U/S, R/W and CR0.WP that the CPU would make at the guest's CPL (SMAP and protection
 * keys are not looked at), and sets accessed and dirty flags. ERR_NOTFOUND: a #PF is due; ERR_RANGE: mapped, but not to
 * RAM; ERR_UNSUPPORTED as above. */
enum err walk_data(struct vm *vm, const struct vcpu *v, uint64_t linear, uint64_t bytes, bool write,
		   struct walk_data *out) NODISCARD;
/* Copies the bytes of an access that walk_data allowed. */
enum err walk_data_get(struct vm *vm, const struct walk_data *d, void *out) NODISCARD;
enum err walk_data_put(struct vm *vm, const struct walk_data *d, const void *from) NODISCARD;
