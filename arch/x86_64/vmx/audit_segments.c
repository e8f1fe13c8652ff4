/* SPDX-License-Identifier: MIT */
/* audit_segments.c: SDM Vol. 3 "Checks on Guest Segment Registers". */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/vmx/audit_rule.h"

enum { ES, CS, SS, DS, FS, GS, LDTR, TR, SEGMENTS };

/* The fields of one segment follow each other by 2 in each class of field. */
#define SELECTOR(s)	((enum vmcs_field)(VMCS_GUEST_ES_SELECTOR + 2 * (s)))
#define BASE(s)		((enum vmcs_field)(VMCS_GUEST_ES_BASE + 2 * (s)))
#define LIMIT(s)	((enum vmcs_field)(VMCS_GUEST_ES_LIMIT + 2 * (s)))
#define RIGHTS(s)	((enum vmcs_field)(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * (s)))
_Static_assert(RIGHTS(TR) == VMCS_GUEST_TR_ACCESS_RIGHTS && BASE(TR) == VMCS_GUEST_TR_BASE &&
	       LIMIT(TR) == VMCS_GUEST_TR_LIMIT && SELECTOR(TR) == VMCS_GUEST_TR_SELECTOR, "segment fields by 2");

#define AR_TYPE(ar)	((unsigned)(ar) & 15)
#define AR_S		(1u << 4)
#define AR_DPL(ar)	((unsigned)(ar) >> 5 & 3)
#define AR_P		(1u << 7)
#define AR_L		(1u << 13)
#define AR_DB		(1u << 14)
#define AR_G		(1u << 15)
#define AR_UNUSABLE	(1u << 16)
#define AR_RESERVED	0xfffe0f00ull
#define AR_VIRTUAL_8086	0xf3u

struct guest {
	bool unrestricted, ia32e, v8086;
	uint64_t ar[SEGMENTS];
	unsigned rpl[SEGMENTS];
};

static bool usable(const struct guest *g, unsigned s)
{
	return !(g->ar[s] & AR_UNUSABLE);
}

static void selectors(struct audit *a, const struct guest *g)
{
	audit_rule(a, !(audit_field(SELECTOR(TR)) & 4), SELECTOR(TR), "TI (bit 2) must be 0");
	if (usable(g, LDTR))
		audit_rule(a, !(audit_field(SELECTOR(LDTR)) & 4), SELECTOR(LDTR), "TI (bit 2) must be 0");
	if (!g->v8086 && !g->unrestricted)
		audit_rule(a, g->rpl[SS] == g->rpl[CS], SELECTOR(SS), "RPL (bits 1:0) must equal that of CS");
}

static void bases(struct audit *a, const struct guest *g)
{
	static const uint8_t canonical[] = { TR, FS, GS, LDTR }, low[] = { CS, SS, DS, ES };

	for (unsigned i = 0; i < sizeof(canonical); i++)
		if (canonical[i] != LDTR || usable(g, LDTR))
			audit_canonical(a, BASE(canonical[i]));
	for (unsigned i = 0; i < sizeof(low); i++)
		if (low[i] == CS || usable(g, low[i]))
			audit_rule(a, !(audit_field(BASE(low[i])) >> 32), BASE(low[i]), "bits 63:32 must be 0");
}

/* In virtual-8086 mode all six segments have one form. */
static void virtual_8086(struct audit *a, const struct guest *g)
{
	for (unsigned s = ES; s <= GS; s++) {
		audit_rule(a, audit_field(BASE(s)) == audit_field(SELECTOR(s)) << 4, BASE(s),
			   "must be the selector times 16 in virtual-8086 mode");
		audit_rule(a, audit_field(LIMIT(s)) == 0xffff, LIMIT(s), "must be ffff in virtual-8086 mode");
		audit_rule(a, g->ar[s] == AR_VIRTUAL_8086, RIGHTS(s), "must be f3 in virtual-8086 mode");
	}
}

/* What every usable segment, LDTR and TR has in common: P, reserved bits, G against the limit. */
static void common(struct audit *a, const struct guest *g, unsigned s)
{
	uint64_t limit = audit_field(LIMIT(s));

	audit_rule(a, g->ar[s] & AR_P, RIGHTS(s), "P (bit 7) must be 1");
	audit_rule(a, !(g->ar[s] & AR_RESERVED), RIGHTS(s), "bits 31:17 and 11:8 must be 0");
	audit_rule(a, (limit & 0xfff) == 0xfff || !(g->ar[s] & AR_G), RIGHTS(s),
		   "G (bit 15) must be 0 when the limit's low 12 bits are not all 1");
	audit_rule(a, !(limit >> 20) || g->ar[s] & AR_G, RIGHTS(s), "G (bit 15) must be 1 for a limit above fffff");
}

static void code(struct audit *a, const struct guest *g)
{
	unsigned type = AR_TYPE(g->ar[CS]), dpl = AR_DPL(g->ar[CS]), ss = AR_DPL(g->ar[SS]);
	bool code_type = (type & 9) == 9, data = type == 3 && g->unrestricted;

	audit_rule(a, code_type || data, RIGHTS(CS), g->unrestricted ? "type (bits 3:0) must be 3, 9, 11, 13 or 15"
		   : "type (bits 3:0) must be 9, 11, 13 or 15");
	audit_rule(a, g->ar[CS] & AR_S, RIGHTS(CS), "S (bit 4) must be 1");
	if (data)
		audit_rule(a, dpl == 0, RIGHTS(CS), "DPL (bits 6:5) must be 0 for type 3");
	else if (type == 9 || type == 11)
		audit_rule(a, dpl == ss, RIGHTS(CS), "DPL (bits 6:5) of non-conforming code must equal SS.DPL");
	else if (code_type)
		audit_rule(a, dpl <= ss, RIGHTS(CS), "DPL (bits 6:5) of conforming code must not exceed SS.DPL");
	audit_rule(a, !(g->ia32e && g->ar[CS] & AR_L && g->ar[CS] & AR_DB), RIGHTS(CS),
		   "D/B (bit 14) must be 0 when L (bit 13) is 1");
	common(a, g, CS);
}

static void stack(struct audit *a, const struct guest *g)
{
	unsigned type = AR_TYPE(g->ar[SS]), dpl = AR_DPL(g->ar[SS]);
	bool zero = AR_TYPE(g->ar[CS]) == 3 || !(audit_field(VMCS_GUEST_CR0) & CR0_PE);

	if (!g->unrestricted)
		audit_rule(a, dpl == g->rpl[SS], RIGHTS(SS), "DPL (bits 6:5) must equal the selector's RPL");
	audit_rule(a, !zero || dpl == 0, RIGHTS(SS), "DPL (bits 6:5) must be 0 in real mode and when CS has type 3");
	if (!usable(g, SS))
		return;
	audit_rule(a, type == 3 || type == 7, RIGHTS(SS), "type (bits 3:0) must be 3 or 7");
	audit_rule(a, g->ar[SS] & AR_S, RIGHTS(SS), "S (bit 4) must be 1");
	common(a, g, SS);
}

static void data(struct audit *a, const struct guest *g, unsigned s)
{
	unsigned type = AR_TYPE(g->ar[s]);

	if (!usable(g, s))
		return;
	audit_rule(a, type & 1, RIGHTS(s), "type bit 0 (accessed) must be 1");
	audit_rule(a, !(type & 8) || type & 2, RIGHTS(s), "code in a data segment must be readable (type bit 1)");
	audit_rule(a, g->ar[s] & AR_S, RIGHTS(s), "S (bit 4) must be 1");
	if (!g->unrestricted && type < 12)
		audit_rule(a, AR_DPL(g->ar[s]) >= g->rpl[s], RIGHTS(s),
			   "DPL (bits 6:5) must not be below the selector's RPL");
	common(a, g, s);
}

static void system(struct audit *a, const struct guest *g)
{
	unsigned type = AR_TYPE(g->ar[TR]);

	audit_rule(a, type == 11 || (type == 3 && !g->ia32e), RIGHTS(TR), g->ia32e ? "type (bits 3:0) must be 11"
		   : "type (bits 3:0) must be 3 or 11");
	audit_rule(a, !(g->ar[TR] & AR_S), RIGHTS(TR), "S (bit 4) must be 0");
	audit_rule(a, usable(g, TR), RIGHTS(TR), "must be usable: bit 16 must be 0");
	common(a, g, TR);
	if (!usable(g, LDTR))
		return;
	audit_rule(a, AR_TYPE(g->ar[LDTR]) == 2, RIGHTS(LDTR), "type (bits 3:0) must be 2");
	audit_rule(a, !(g->ar[LDTR] & AR_S), RIGHTS(LDTR), "S (bit 4) must be 0");
	common(a, g, LDTR);
}

void audit_segments(struct audit *a)
{
	struct guest g = {
		.unrestricted = a->proc2 & VMX_PROC2_UNRESTRICTED_GUEST,
		.ia32e = a->entry & VMX_ENTRYC_IA32E_MODE_GUEST,
		.v8086 = audit_field(VMCS_GUEST_RFLAGS) & RFLAGS_VM,
	};

	a->section = "Checks on Guest Segment Registers";
	for (unsigned s = 0; s < SEGMENTS; s++) {
		g.ar[s] = audit_field(RIGHTS(s));
		g.rpl[s] = audit_field(SELECTOR(s)) & 3;
	}
	selectors(a, &g);
	bases(a, &g);
	if (g.v8086) {
		virtual_8086(a, &g);
	} else {
		code(a, &g);
		stack(a, &g);
		data(a, &g, DS);
		data(a, &g, ES);
		data(a, &g, FS);
		data(a, &g, GS);
	}
	system(a, &g);
}
