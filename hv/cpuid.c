/* SPDX-License-Identifier: MIT */
/* cpuid.c: one function per leaf, called through a table. */
#include "cpuid.h"
#include <string.h>
#include "lib/bytes.h"

#define MAX_BASIC	0x16u
#define MAX_HYPERVISOR	0x40000000u
#define MAX_EXTENDED	0x80000008u
#define XSAVE_LEGACY	576u
#define CR4_OSXSAVE_BIT	18

struct query {
	const struct cpuid_policy *p;
	unsigned vcpu;
	uint64_t xcr0, cr4;
	uint32_t leaf, subleaf;
};

bool cpuid_has(const struct cpuid_policy *p, enum cpuid_word word, unsigned bit)
{
	return p->word[word] >> bit & 1;
}

bool cpuid_is_vendor(const struct cpuid_policy *p, const char *vendor)
{
	return !memcmp(p->vendor, vendor, sizeof(p->vendor));
}

static bool has_xsave(const struct cpuid_policy *p) { return cpuid_has(p, CPUID_1_ECX, 26); }

/* Bits of an APIC ID that number the cores of a package. */
static uint32_t core_bits(const struct cpuid_policy *p)
{
	uint32_t bits = 0;

	while (1u << bits < p->vcpus)
		bits++;
	return bits;
}

static void text(uint32_t *out, const void *from, unsigned registers)
{
	memcpy(out, from, registers * 4);
}

static void leaf_0(const struct query *q, uint32_t out[4])
{
	out[0] = MAX_BASIC;
	out[1] = le32_get(q->p->vendor);
	out[3] = le32_get(q->p->vendor + 4);
	out[2] = le32_get(q->p->vendor + 8);
}

static void leaf_1(const struct query *q, uint32_t out[4])
{
	out[0] = q->p->signature;
	out[1] = q->vcpu << 24 | 1u << core_bits(q->p) << 16 | 8u << 8;	/* CLFLUSH: 8 * 8 bytes */
	out[2] = q->p->word[CPUID_1_ECX];
	out[3] = q->p->word[CPUID_1_EDX];
	if (has_xsave(q->p) && q->cr4 >> CR4_OSXSAVE_BIT & 1)
		out[2] |= 1u << 27;
	if (q->p->vcpus > 1)
		out[3] |= 1u << 28;
}

static void leaf_2(const struct query *q, uint32_t out[4])
{
	(void)q;
	out[0] = 0x0000ff01;		/* descriptor FFH: see leaf 4 */
}

/* The same caches on every host, so that they don't change under a moved guest. */
static const struct { uint8_t type, level; bool shared; uint16_t ways; uint32_t sets; } caches[] = {
	{ 1, 1, false, 8, 64 }, { 2, 1, false, 8, 64 }, { 3, 2, false, 16, 1024 }, { 3, 3, true, 16, 16384 },
};

static void leaf_4(const struct query *q, uint32_t out[4])
{
	uint32_t others = (1u << core_bits(q->p)) - 1;

	if (q->subleaf >= sizeof(caches) / sizeof(caches[0]))
		return;
	out[0] = caches[q->subleaf].type | (uint32_t)caches[q->subleaf].level << 5 | 1u << 8 |
		 (caches[q->subleaf].shared ? others : 0) << 14 | others << 26;
	out[1] = 63u | (uint32_t)(caches[q->subleaf].ways - 1) << 22;
	out[2] = caches[q->subleaf].sets - 1;
}

static void leaf_6(const struct query *q, uint32_t out[4])
{
	out[0] = q->p->word[CPUID_6_EAX];
}

static void leaf_7(const struct query *q, uint32_t out[4])
{
	if (q->subleaf == 0) {
		out[0] = q->p->word[CPUID_71_EAX] ? 1 : 0;
		out[1] = q->p->word[CPUID_7_EBX];
		out[2] = q->p->word[CPUID_7_ECX];
		out[3] = q->p->word[CPUID_7_EDX];
	} else if (q->subleaf == 1) {
		out[0] = q->p->word[CPUID_71_EAX];
	}
}

static void leaf_b(const struct query *q, uint32_t out[4])
{
	out[2] = q->subleaf & 0xff;
	out[3] = q->vcpu;
	if (q->subleaf == 0) {		/* SMT: one thread a core */
		out[1] = 1;
		out[2] |= 1u << 8;
	} else if (q->subleaf == 1) {	/* cores */
		out[0] = core_bits(q->p);
		out[1] = q->p->vcpus;
		out[2] |= 2u << 8;
	}
}

static uint32_t xsave_standard(const struct cpuid_policy *p, uint64_t xcr0)
{
	uint32_t end = XSAVE_LEGACY;

	for (unsigned i = 2; i < CPUID_COMPONENTS; i++)
		if (xcr0 >> i & 1 && p->xsave_offset[i] + p->xsave_size[i] > end)
			end = p->xsave_offset[i] + p->xsave_size[i];
	return end;
}

static uint32_t xsave_compacted(const struct cpuid_policy *p, uint64_t xcr0)
{
	uint32_t end = XSAVE_LEGACY;

	for (unsigned i = 2; i < CPUID_COMPONENTS; i++) {
		if (!(xcr0 >> i & 1))
			continue;
		if (p->xsave_flags[i] & 2)
			end = (end + 63) & ~63u;
		end += p->xsave_size[i];
	}
	return end;
}

static void leaf_d(const struct query *q, uint32_t out[4])
{
	const struct cpuid_policy *p = q->p;

	if (!has_xsave(p))
		return;
	if (q->subleaf == 0) {
		out[0] = (uint32_t)p->xcr0;
		out[1] = xsave_standard(p, q->xcr0 & p->xcr0);
		out[2] = xsave_standard(p, p->xcr0);
	} else if (q->subleaf == 1) {
		out[0] = p->word[CPUID_D1_EAX];
		out[1] = cpuid_has(p, CPUID_D1_EAX, 1) ? xsave_compacted(p, q->xcr0 & p->xcr0) : 0;
	} else if (q->subleaf < CPUID_COMPONENTS && p->xcr0 >> q->subleaf & 1) {
		out[0] = p->xsave_size[q->subleaf];
		out[1] = p->xsave_offset[q->subleaf];
		out[2] = p->xsave_flags[q->subleaf];
	}
}

/* TSC = crystal * EBX / EAX. Guests take the crystal for the local APIC timer's clock too. */
static void leaf_15(const struct query *q, uint32_t out[4])
{
	uint64_t hz = (uint64_t)q->p->tsc_khz * 1000;

	out[0] = 1;
	for (out[1] = 1; hz > UINT32_MAX; hz /= 2)
		out[1] *= 2;
	out[2] = (uint32_t)hz;
}

static void leaf_16(const struct query *q, uint32_t out[4])
{
	out[0] = out[1] = q->p->tsc_khz / 1000;
	out[2] = 100;
}

static void leaf_40000000(const struct query *q, uint32_t out[4])
{
	(void)q;
	out[0] = MAX_HYPERVISOR;
	text(out + 1, "TernTernTern", 3);
}

static void leaf_80000000(const struct query *q, uint32_t out[4])
{
	(void)q;
	out[0] = MAX_EXTENDED;
}

static void leaf_80000001(const struct query *q, uint32_t out[4])
{
	out[2] = q->p->word[CPUID_X1_ECX];
	out[3] = q->p->word[CPUID_X1_EDX];
}

static void leaf_brand(const struct query *q, uint32_t out[4])
{
	text(out, q->p->brand + 16 * (q->leaf - 0x80000002), 4);
}

static void leaf_80000006(const struct query *q, uint32_t out[4])
{
	(void)q;
	out[2] = 1024u << 16 | 8u << 12 | 64;	/* L2 as in leaf 4: KiB, 16 ways, bytes of a line */
}

static void leaf_80000007(const struct query *q, uint32_t out[4])
{
	out[3] = q->p->word[CPUID_X7_EDX];
}

static void leaf_80000008(const struct query *q, uint32_t out[4])
{
	out[0] = q->p->physical_bits | 48u << 8;
}

/* Leaves without a row are all zero: MONITOR, thermal, PMU, SGX, PT and whatever else isn't virtualised. */
static const struct { uint32_t leaf; void (*answer)(const struct query *q, uint32_t out[4]); } leaves[] = {
	{ 0x0, leaf_0 }, { 0x1, leaf_1 }, { 0x2, leaf_2 }, { 0x4, leaf_4 }, { 0x6, leaf_6 }, { 0x7, leaf_7 },
	{ 0xb, leaf_b }, { 0xd, leaf_d }, { 0x15, leaf_15 }, { 0x16, leaf_16 },
	{ 0x40000000, leaf_40000000 },
	{ 0x80000000, leaf_80000000 }, { 0x80000001, leaf_80000001 }, { 0x80000002, leaf_brand },
	{ 0x80000003, leaf_brand }, { 0x80000004, leaf_brand }, { 0x80000006, leaf_80000006 },
	{ 0x80000007, leaf_80000007 }, { 0x80000008, leaf_80000008 },
};

void cpuid_guest(const struct cpuid_policy *p, unsigned vcpu, uint64_t xcr0, uint64_t cr4, uint32_t leaf,
		 uint32_t subleaf, uint32_t out[4])
{
	struct query q = { .p = p, .vcpu = vcpu, .xcr0 = xcr0, .cr4 = cr4, .leaf = leaf, .subleaf = subleaf };

	memset(out, 0, 16);
	/* Behind a range's end comes the highest basic leaf's answer, as on Intel's own. */
	if (leaf < 0x40000000 ? leaf > MAX_BASIC : leaf >= 0x80000000 ? leaf > MAX_EXTENDED : leaf > 0x4fffffff)
		q.leaf = MAX_BASIC;
	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (leaves[i].leaf == q.leaf) {
			leaves[i].answer(&q, out);
			return;
		}
}

uint64_t cpuid_xcr0_mask(const struct cpuid_policy *p)
{
	return p->xcr0 | 3;
}

#define ALWAYS 0xff

/* CR4 bits, SDM Vol. 3 "Control Registers", and the feature that allows each. */
static const struct { uint8_t cr4, word, bit; } cr4_rows[] = {
	{ 0, CPUID_1_EDX, 1 },			/* VME */
	{ 1, CPUID_1_EDX, 1 },			/* PVI */
	{ 2, CPUID_1_EDX, 4 },			/* TSD */
	{ 3, CPUID_1_EDX, 2 },			/* DE */
	{ 4, CPUID_1_EDX, 3 },			/* PSE */
	{ 5, CPUID_1_EDX, 6 },			/* PAE */
	{ 6, ALWAYS, 0 },			/* MCE */
	{ 7, CPUID_1_EDX, 13 },			/* PGE */
	{ 8, ALWAYS, 0 },			/* PCE */
	{ 9, CPUID_1_EDX, 24 },			/* OSFXSR */
	{ 10, CPUID_1_EDX, 25 },		/* OSXMMEXCPT */
	{ 11, CPUID_7_ECX, 2 },			/* UMIP */
	{ 16, CPUID_7_EBX, 0 },			/* FSGSBASE */
	{ 17, CPUID_1_ECX, 17 },		/* PCIDE */
	{ CR4_OSXSAVE_BIT, CPUID_1_ECX, 26 },
	{ 20, CPUID_7_EBX, 7 },			/* SMEP */
	{ 21, CPUID_7_EBX, 20 },		/* SMAP */
};

uint64_t cpuid_cr4_mask(const struct cpuid_policy *p)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < sizeof(cr4_rows) / sizeof(cr4_rows[0]); i++)
		if (cr4_rows[i].word == ALWAYS || cpuid_has(p, cr4_rows[i].word, cr4_rows[i].bit))
			mask |= 1ull << cr4_rows[i].cr4;
	return mask;
}
