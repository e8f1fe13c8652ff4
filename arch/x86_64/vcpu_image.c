/* SPDX-License-Identifier: MIT */
/* vcpu_image.c: a whole vCPU into and out of its state record. */
#include <string.h>
#include "arch/x86_64/vcpu_backend.h"
#include "lib/bytes.h"

#define XSAVE_MXCSR	24
#define XSAVE_BV	512
#define XSAVE_RESERVED	520	/* XCOMP_BV and the rest of the header */
#define XSAVE_END	576
#define RFLAGS_ONE	(1ull << 1)
#define RFLAGS_ZERO	(1ull << 3 | 1ull << 5 | 1ull << 15)
#define RFLAGS_VM	(1ull << 17)
#define MXCSR_ALLOWED	0xffffu

/* Members of struct vcpu that the record has under the same name. */
#define KEPT(X) \
	X(xcr0) X(tsc_aux) X(tsc_adjust) X(misc_enable) X(event) X(event_error) X(event_length) X(halted) X(started)

void vcpu_save(struct vcpu *v, struct vcpu_state *out)
{
	virt->select(v);
	memset(out, 0, sizeof(*out));
	memcpy(out->gpr, v->gpr, sizeof(out->gpr));
	for (enum vcpu_reg r = 0; r < VCPU_PDPTE; r++)
		vcpu_state_set(out, r, vcpu_get(v, r));
	for (unsigned i = 0; i < VCPU_PDPTES && vcpu_pae_paging(out); i++)
		out->pdpte[i] = vcpu_get(v, VCPU_PDPTE + i);
#define SAVE(name) out->name = v->name;
	KEPT(SAVE)
	memcpy(out->dr, v->dr, sizeof(out->dr));
	memcpy(out->xsave, v->xsave, sizeof(out->xsave));
}

void vcpu_restore(struct vcpu *v, const struct vcpu_state *in)
{
	virt->select(v);
	memcpy(v->gpr, in->gpr, sizeof(v->gpr));
	for (enum vcpu_reg r = VCPU_TSC_OFFSET + 1; r < VCPU_REGS; r++)
		vcpu_set(v, r, vcpu_state_get(in, r));
#define RESTORE(name) v->name = in->name;
	KEPT(RESTORE)
	memcpy(v->dr, in->dr, sizeof(v->dr));
	memcpy(v->xsave, in->xsave, sizeof(in->xsave));
	v->shutdown = false;
	v->deaf = in->halted && !(in->rflags & RFLAGS_IF);
	virt->restored(v);
}

static bool canonical(uint64_t a)
{
	return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}

/* Combinations that no guest can get into, and that an entry would refuse after the source has let go. */
static const char *impossible_mode(const struct vcpu *v, const struct vcpu_state *in)
{
	bool lma = in->efer & EFER_LMA;

	if (((in->cr0 & CR0_PG) && !(in->cr0 & CR0_PE)) || ((in->cr0 & CR0_NW) && !(in->cr0 & CR0_CD)))
		return "CR0";
	if ((in->efer & ~EFER_ALLOWED) || lma != ((in->cr0 & CR0_PG) && (in->efer & EFER_LME)))
		return "IA32_EFER";
	if ((in->cr4 & ~v->limits.cr4_mask) || (lma && !(in->cr4 & CR4_PAE)) || ((in->cr4 & CR4_PCIDE) && !lma))
		return "CR4";
	if ((in->rflags & (RFLAGS_ONE | RFLAGS_ZERO)) != RFLAGS_ONE || (lma && (in->rflags & RFLAGS_VM)))
		return "RFLAGS";
	return NULL;
}

/* An older source does not save them, and a guest in PAE paging can't do a thing without. */
static bool lost_pdptes(const struct vcpu_state *in)
{
	bool any = false;

	for (unsigned i = 0; i < VCPU_PDPTES; i++)
		any |= in->pdpte[i] & 1;
	return vcpu_pae_paging(in) && !any;
}

/* What would refuse the guest at its first entry, only after its source has let go. */
static enum err check_entry(const struct vcpu_state *in, struct why *why)
{
	static struct why_list found;	/* too large for the stack of a small machine */

	found.count = 0;
	virt->check(in, &found);
	if (!found.count)
		return ERR_OK;
	why_set(why, "vCPU state: %s", found.why[0].text);
	return ERR_RANGE;
}

/* What would fault in the host while loading, then what would fail at the entry. */
enum err vcpu_check(const struct vcpu *v, const struct vcpu_state *in, struct why *why)
{
	const uint8_t *x = (const uint8_t *)in->xsave;
	const struct { const char *name; uint64_t value; } address[] = {
		{ "IA32_LSTAR", in->lstar }, { "IA32_CSTAR", in->cstar }, { "IA32_KERNEL_GS_BASE", in->kernel_gs_base },
		{ "IA32_SYSENTER_ESP", in->sysenter_esp }, { "IA32_SYSENTER_EIP", in->sysenter_eip },
		{ "RIP", in->rip }, { "GDTR base", in->gdtr_base }, { "IDTR base", in->idtr_base },
		{ "FS base", in->segment_base[SEG_FS] }, { "GS base", in->segment_base[SEG_GS] },
	};
	const char *bad = impossible_mode(v, in);

	for (unsigned i = 0; i < sizeof(address) / sizeof(address[0]); i++)
		if (!canonical(address[i].value))
			bad = address[i].name;
	for (unsigned i = XSAVE_RESERVED; i < XSAVE_END; i++)
		if (x[i])
			bad = "XSAVE header";
	if (le64_get(x + XSAVE_BV) & ~v->limits.xcr0_mask)
		bad = "XSTATE_BV";
	if (le32_get(x + XSAVE_MXCSR) & ~MXCSR_ALLOWED)
		bad = "MXCSR";
	if (!vcpu_xcr0_valid(v, in->xcr0))
		bad = "XCR0";
	if (in->fmask >> 32)
		bad = "IA32_FMASK";
	if (!msr_pat_valid(in->pat))
		bad = "IA32_PAT";
	if (!bad && lost_pdptes(in)) {
		why_set(why, "vCPU state: the guest is in PAE paging and none of its PDPTEs is present; sources that "
			     "write version 1 lose them");
		return ERR_RANGE;
	}
	if (!bad)
		return check_entry(in, why);
	why_set(why, "vCPU state: %s holds a value that this host can't load", bad);
	return ERR_RANGE;
}
