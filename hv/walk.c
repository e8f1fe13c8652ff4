/* SPDX-License-Identifier: MIT */
#include "hv/walk.h"
#include "hv/guest_mem.h"

#define CR0_PG		(1ull << 31)
#define CR4_LA57	(1ull << 12)
#define EFER_LMA	(1ull << 10)
#define PTE_P		(1ull << 0)
#define PTE_PS		(1ull << 7)
#define PTE_ADDR	0x000ffffffffff000ull

enum err walk_translate(struct vm *vm, uint64_t linear, gpa_t *out)
{
	uint64_t entry = vcpu_cr3();
	unsigned shift;

	if (!(vcpu_cr0() & CR0_PG)) {
		*out = gpa(linear & 0xffffffff);
		return ERR_OK;
	}
	if (!(vcpu_efer() & EFER_LMA))
		return ERR_UNSUPPORTED;
	for (shift = vcpu_cr4() & CR4_LA57 ? 48 : 39;; shift -= 9) {
		gpa_t at = gpa((entry & PTE_ADDR) + (linear >> shift & 511) * 8);

		if (guest_read(vm, at, &entry, 8) != ERR_OK || !(entry & PTE_P))
			return ERR_NOTFOUND;
		if (shift == 12 || (shift <= 30 && (entry & PTE_PS)))
			break;
	}
	*out = gpa((entry & PTE_ADDR & ~((1ull << shift) - 1)) | (linear & ((1ull << shift) - 1)));
	return ERR_OK;
}

/* Bytes from @linear to the end of its page, at most @bytes. */
static uint64_t in_page(uint64_t linear, uint64_t bytes)
{
	uint64_t rest = PAGE_SIZE - linear % PAGE_SIZE;

	return rest < bytes ? rest : bytes;
}

uint64_t walk_read(struct vm *vm, uint64_t linear, void *out, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		uint64_t part = in_page(linear + done, bytes - done);
		gpa_t at;

		if (walk_translate(vm, linear + done, &at) != ERR_OK ||
		    guest_read(vm, at, (char *)out + done, part) != ERR_OK)
			break;
		done += part;
	}
	return done;
}

enum err walk_write(struct vm *vm, uint64_t linear, const void *from, uint64_t bytes)
{
	uint64_t first = in_page(linear, bytes);
	gpa_t at[2];

	if (walk_translate(vm, linear, &at[0]) != ERR_OK)
		return ERR_NOTFOUND;
	if (first < bytes && walk_translate(vm, linear + first, &at[1]) != ERR_OK)
		return ERR_NOTFOUND;
	if (guest_write(vm, at[0], from, first) != ERR_OK)
		return ERR_NOTFOUND;
	return first < bytes ? guest_write(vm, at[1], (const char *)from + first, bytes - first) : ERR_OK;
}
