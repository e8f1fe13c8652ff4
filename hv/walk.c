/* SPDX-License-Identifier: MIT */
#include "hv/walk.h"
#include "hv/guest_mem.h"

#define CR0_WP		(1ull << 16)
#define CR0_PG		(1ull << 31)
#define CR4_LA57	(1ull << 12)
#define EFER_LMA	(1ull << 10)
#define PTE_P		(1ull << 0)
#define PTE_W		(1ull << 1)
#define PTE_U		(1ull << 2)
#define PTE_A		(1ull << 5)
#define PTE_D		(1ull << 6)
#define PTE_PS		(1ull << 7)
#define PTE_ADDR	0x000ffffffffff000ull
/* Bits of a #PF's error code. */
#define FAULT_P		(1u << 0)
#define FAULT_W		(1u << 1)
#define FAULT_U		(1u << 2)

/* How the guest's paging structures map an address. */
struct map {
	gpa_t at;
	uint64_t rights;	/* PTE_W and PTE_U if every level grants them */
	unsigned levels;
	struct { gpa_t at; uint64_t entry; } level[5];
};

static enum err walk(struct vm *vm, const struct vcpu *v, uint64_t linear, struct map *m)
{
	uint64_t entry = vcpu_cr3(v);
	unsigned shift;

	m->levels = 0;
	m->rights = PTE_W | PTE_U;
	if (!(vcpu_cr0(v) & CR0_PG)) {
		m->at = gpa(linear & 0xffffffff);
		return ERR_OK;
	}
	if (!(vcpu_efer(v) & EFER_LMA))
		return ERR_UNSUPPORTED;
	for (shift = vcpu_cr4(v) & CR4_LA57 ? 48 : 39;; shift -= 9) {
		gpa_t at = gpa((entry & PTE_ADDR) + (linear >> shift & 511) * 8);

		if (guest_read(vm, at, &entry, 8) != ERR_OK || !(entry & PTE_P))
			return ERR_NOTFOUND;
		m->level[m->levels].at = at;
		m->level[m->levels++].entry = entry;
		m->rights &= entry;
		if (shift == 12 || (shift <= 30 && (entry & PTE_PS)))
			break;
	}
	m->at = gpa((entry & PTE_ADDR & ~((1ull << shift) - 1)) | (linear & ((1ull << shift) - 1)));
	return ERR_OK;
}

enum err walk_translate(struct vm *vm, const struct vcpu *v, uint64_t linear, gpa_t *out)
{
	struct map m;
	enum err e = walk(vm, v, linear, &m);

	if (e == ERR_OK)
		*out = m.at;
	return e;
}

/* Bytes from @linear to the end of its page, at most @bytes. */
static uint64_t in_page(uint64_t linear, uint64_t bytes)
{
	uint64_t rest = PAGE_SIZE - linear % PAGE_SIZE;

	return rest < bytes ? rest : bytes;
}

uint64_t walk_read(struct vm *vm, const struct vcpu *v, uint64_t linear, void *out, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		uint64_t part = in_page(linear + done, bytes - done);
		gpa_t at;

		if (walk_translate(vm, v, linear + done, &at) != ERR_OK ||
		    guest_read(vm, at, (char *)out + done, part) != ERR_OK)
			break;
		done += part;
	}
	return done;
}

unsigned walk_code_bits(const struct vcpu *v)
{
	uint32_t access = vcpu_segment_access(v, SEG_CS);

	if ((vcpu_efer(v) & EFER_LMA) && (access & VCPU_ACCESS_L))
		return 64;
	return access & VCPU_ACCESS_D ? 32 : 16;
}

uint64_t walk_read_code(struct vm *vm, const struct vcpu *v, void *out, uint64_t bytes)
{
	if (walk_code_bits(v) == 64)	/* the base of CS counts for nothing there */
		return walk_read(vm, v, vcpu_rip(v), out, bytes);
	return walk_read(vm, v, (vcpu_segment_base(v, SEG_CS) + vcpu_rip(v)) & 0xffffffff, out, bytes);
}

/* The walk of the CPU leaves its marks: a guest kernel would else take a written page for a clean one. */
static enum err set_flags(struct vm *vm, const struct map *m, bool write)
{
	enum err e = ERR_OK;

	for (unsigned i = 0; i < m->levels && e == ERR_OK; i++) {
		uint64_t set = PTE_A | (write && i == m->levels - 1 ? PTE_D : 0);
		uint8_t low = (uint8_t)(m->level[i].entry | set);

		if ((m->level[i].entry & set) != set)
			e = guest_write(vm, m->level[i].at, &low, 1);
	}
	return e;
}

/* One page's part of an access, without effect. */
static enum err data_part(struct vm *vm, const struct vcpu *v, uint64_t linear, uint64_t bytes, bool write,
			  struct walk_data *out, struct map *m)
{
	bool user = vcpu_cpl(v) == 3;
	enum err e = walk(vm, v, linear, m);
	bool denied = e == ERR_OK && ((user && !(m->rights & PTE_U)) ||
				      (write && !(m->rights & PTE_W) && (user || (vcpu_cr0(v) & CR0_WP))));

	if (e == ERR_NOTFOUND || denied) {
		out->fault_linear = linear;
		out->fault_error = (denied ? FAULT_P : 0) | (write ? FAULT_W : 0) | (user ? FAULT_U : 0);
		return ERR_NOTFOUND;
	}
	if (e == ERR_OK && (m->at.v >= vm->memory_bytes || bytes > vm->memory_bytes - m->at.v))
		return ERR_RANGE;
	return e;
}

/* The marks come once both pages are known to be there: a page that is called dirty has been written. */
enum err walk_data(struct vm *vm, const struct vcpu *v, uint64_t linear, uint64_t bytes, bool write,
		   struct walk_data *out)
{
	struct map m[2];
	enum err e;

	out->bytes[0] = in_page(linear, bytes);
	out->bytes[1] = bytes - out->bytes[0];
	e = data_part(vm, v, linear, out->bytes[0], write, out, &m[0]);
	if (e == ERR_OK && out->bytes[1])
		e = data_part(vm, v, linear + out->bytes[0], out->bytes[1], write, out, &m[1]);
	for (unsigned i = 0; i < 2 && e == ERR_OK && out->bytes[i]; i++) {
		out->at[i] = m[i].at;
		e = set_flags(vm, &m[i], write);
	}
	return e;
}

enum err walk_data_get(struct vm *vm, const struct walk_data *d, void *out)
{
	enum err e = guest_read(vm, d->at[0], out, d->bytes[0]);

	return e == ERR_OK && d->bytes[1] ? guest_read(vm, d->at[1], (char *)out + d->bytes[0], d->bytes[1]) : e;
}

enum err walk_data_put(struct vm *vm, const struct walk_data *d, const void *from)
{
	enum err e = guest_write(vm, d->at[0], from, d->bytes[0]);

	return e == ERR_OK && d->bytes[1] ? guest_write(vm, d->at[1], (const char *)from + d->bytes[0], d->bytes[1]) :
					    e;
}
