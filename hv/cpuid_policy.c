/* SPDX-License-Identifier: MIT */
/* cpuid_policy.c: builds a policy from the host by the rows of cpuid_bits.h, and saves, loads and compares policies. */
#include "cpuid_policy.h"
#include <stdbool.h>
#include <string.h>
#include "lib/bytes.h"
#include "lib/fmt.h"

enum level { FORCED, BASE, V2, V3, HOST };

#define WORD_ROW(name, leaf, subleaf, reg, text) { leaf, subleaf, reg, text },
static const struct { uint32_t leaf, subleaf, reg; const char *text; } words[] = { CPUID_WORDS(WORD_ROW) };

#define BIT_ROW(word, bit, level, state, name) { word, bit, level, CPUID_XCR0_##state, name },
static const struct row { uint8_t word, bit, level, state; const char *name; } rows[] = { CPUID_BITS(BIT_ROW) };
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* A baseline is the same CPU everywhere: by family, model and stepping guests choose workarounds. The first parts that
 * have its level: Nehalem and Haswell. */
static const struct { const char *name; enum level level; uint32_t signature; } policies[] = {
	{ "host", HOST, 0 }, { "x86-64-v2", V2, 0x106a5 }, { "x86-64-v3", V3, 0x306c3 },
};

STATE_DESC(desc, cpuid_policy, CPUID_POLICY_TABLE, .name = "cpu policy", .version = 1);

#define PHYSICAL_BITS	39	/* enough for any guest, and the same on every host */
#define XSAVE_LEGACY	576u	/* legacy region and header */

static bool host_has(const struct row *r, uint32_t xcr0)
{
	uint32_t out[4];

	if (words[r->word].leaf & 0x80000000)
		host_cpuid(0x80000000, 0, out);
	else
		host_cpuid(0, 0, out);
	if (out[0] < words[r->word].leaf || (xcr0 & r->state) != r->state)
		return false;
	host_cpuid(words[r->word].leaf, words[r->word].subleaf, out);
	return out[words[r->word].reg] >> r->bit & 1;
}

/* XCR0 bits of the host that Tern can save and move. */
static uint32_t host_xcr0(void)
{
	uint32_t out[4];

	host_cpuid(1, 0, out);
	if (!(out[2] & 1u << 26))
		return 0;
	host_cpuid(0xd, 0, out);
	return out[0] & CPUID_XCR0_AVX512;
}

static enum err take_features(struct cpuid_policy *p, enum level level, uint32_t xcr0, struct why *why)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];

		if (r->level > level)
			continue;
		if (r->level == FORCED || host_has(r, xcr0)) {
			p->word[r->word] |= 1u << r->bit;
		} else if (level != HOST && !missing++) {
			why_set(why, "CPU policy %s needs %s (%s bit %u), which this host's CPU lacks", p->name,
				r->name, words[r->word].text, r->bit);
		}
	}
	return missing ? ERR_UNSUPPORTED : ERR_OK;
}

static void take_xsave(struct cpuid_policy *p, uint32_t xcr0)
{
	uint32_t out[4];

	p->xcr0 = 3;
	if (!(p->word[CPUID_1_ECX] & 1u << 26)) {
		p->word[CPUID_D1_EAX] = 0;
		return;
	}
	if (p->word[CPUID_1_ECX] & 1u << 28)
		p->xcr0 |= xcr0 & CPUID_XCR0_AVX;
	if (p->word[CPUID_7_EBX] & 1u << 16)
		p->xcr0 |= xcr0 & CPUID_XCR0_AVX512;
	for (uint32_t i = 2; i < CPUID_COMPONENTS; i++) {
		if (!(p->xcr0 >> i & 1))
			continue;
		host_cpuid(0xd, i, out);
		p->xsave_size[i] = out[0];
		p->xsave_offset[i] = out[1];
		p->xsave_flags[i] = out[2] & 2;
	}
}

static void take_identity(struct cpuid_policy *p, enum level level, uint32_t signature)
{
	uint32_t out[4];

	host_cpuid(0, 0, out);
	le32_put(p->vendor, out[1]);
	le32_put(p->vendor + 4, out[3]);
	le32_put(p->vendor + 8, out[2]);
	host_cpuid(1, 0, out);
	p->signature = level == HOST ? out[0] & 0x0fff3fff : signature;
	host_cpuid(0x80000000, 0, out);
	p->physical_bits = 36;
	if (out[0] >= 0x80000008) {
		host_cpuid(0x80000008, 0, out);
		p->physical_bits = (out[0] & 0xff) < PHYSICAL_BITS ? out[0] & 0xff : PHYSICAL_BITS;
	}
	if (level != HOST) {
		fmt((char *)p->brand, sizeof(p->brand), "Tern vCPU (%s)", p->name);
		return;
	}
	for (uint32_t i = 0; i < 3; i++) {
		host_cpuid(0x80000002 + i, 0, out);
		memcpy(p->brand + 16 * i, out, 16);
	}
	p->brand[sizeof(p->brand) - 1] = '\0';
}

enum err cpuid_policy_build(struct cpuid_policy *p, const char *name, unsigned vcpus, uint32_t tsc_khz,
			    struct why *why)
{
	uint32_t xcr0 = host_xcr0();
	enum err e;

	memset(p, 0, sizeof(*p));
	if (!vcpus || vcpus > CPUID_MAX_VCPUS) {
		why_set(why, "%u vCPUs, expected 1 to %u", vcpus, CPUID_MAX_VCPUS);
		return ERR_RANGE;
	}
	p->vcpus = vcpus;
	p->tsc_khz = tsc_khz;
	for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strcmp(policies[i].name, name))
			continue;
		fmt((char *)p->name, sizeof(p->name), "%s", name);
		e = take_features(p, policies[i].level, xcr0, why);
		if (e)
			return e;
		take_xsave(p, xcr0);
		take_identity(p, policies[i].level, policies[i].signature);
		return ERR_OK;
	}
	why_set(why, "unknown CPU policy \"%.31s\", expected host, x86-64-v2 or x86-64-v3", name);
	return ERR_NOTFOUND;
}

enum err cpuid_policy_save(const struct cpuid_policy *p, void *out, size_t room, size_t *length, struct why *why)
{
	enum err e;

	*length = 0;
	if (room < 2) {
		why_set(why, "no room for the CPU policy");
		return ERR_SPACE;
	}
	le16_put(out, desc.version);
	e = state_save(&desc, p, desc.version, (uint8_t *)out + 2, room - 2, length, why);
	if (!e)
		*length += 2;
	return e;
}

/* Features that no row of this build describes, or whose registers could not be saved. */
static enum err check_features(const struct cpuid_policy *p, struct why *why)
{
	uint32_t known[CPUID_WORD_COUNT] = { 0 };

	for (unsigned i = 0; i < ROWS; i++)
		known[rows[i].word] |= 1u << rows[i].bit;
	for (unsigned i = 0; i < CPUID_WORD_COUNT; i++)
		if (p->word[i] & ~known[i]) {
			why_set(why, "CPU policy offers %s 0x%x, which this version of Tern can't virtualise",
				words[i].text, p->word[i] & ~known[i]);
			return ERR_UNSUPPORTED;
		}
	for (unsigned i = 0; i < ROWS; i++)
		if (p->word[rows[i].word] >> rows[i].bit & 1 && (p->xcr0 & rows[i].state) != rows[i].state) {
			why_set(why, "CPU policy offers %s without its XSAVE components", rows[i].name);
			return ERR_INVALID;
		}
	return ERR_OK;
}

static enum err check_layout(const struct cpuid_policy *p, struct why *why)
{
	const char *what = NULL;

	if (!p->vcpus)
		what = "no vCPU";
	else if (p->physical_bits < 32)
		what = "a physical-address width below 32 bits";
	else if (p->brand[sizeof(p->brand) - 1] || p->name[sizeof(p->name) - 1])
		what = "a text without its end";
	else if ((p->xcr0 & 3) != 3 || p->xcr0 & ~(3ull | CPUID_XCR0_AVX512) ||
		 ((p->xcr0 & 0xe0) && (p->xcr0 & 0xe4) != 0xe4))
		what = "an impossible XCR0";
	else if (p->xcr0 != 3 && !(p->word[CPUID_1_ECX] & 1u << 26))
		what = "XSAVE components, but no XSAVE";
	for (unsigned i = 2; i < CPUID_COMPONENTS; i++)
		if (!what && p->xcr0 >> i & 1 && (!p->xsave_size[i] || p->xsave_offset[i] < XSAVE_LEGACY ||
					 p->xsave_offset[i] + p->xsave_size[i] > 4096))
			what = "an impossible XSAVE layout";
	if (what)
		why_set(why, "CPU policy has %s", what);
	return what ? ERR_INVALID : ERR_OK;
}

enum err cpuid_policy_load(struct cpuid_policy *p, const void *in, size_t length, struct why *why)
{
	enum err e;

	memset(p, 0, sizeof(*p));
	if (length < 2) {
		why_set(why, "CPU policy ends before its version");
		return ERR_SHORT;
	}
	e = state_load(&desc, p, le16_get(in), (const uint8_t *)in + 2, length - 2, why);
	if (!e)
		e = check_features(p, why);
	if (!e)
		e = check_layout(p, why);
	return e;
}

/* The names of @word's bits in @missing, in as many sentences as they need. */
static void name_missing(unsigned word, uint32_t missing, struct why_list *reasons)
{
	char names[128] = "";
	size_t n = 0;

	for (unsigned i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];

		if (r->word != word || !(missing >> r->bit & 1))
			continue;
		if (n + strlen(r->name) + 3 > sizeof(names)) {
			why_add(reasons, "the destination's CPU lacks %s (%s)", names, words[word].text);
			n = 0;
		}
		n += (size_t)fmt(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", r->name);
	}
	if (n)
		why_add(reasons, "the destination's CPU lacks %s (%s)", names, words[word].text);
}

void cpuid_policy_compare(const struct cpuid_policy *wanted, const struct cpuid_policy *offers,
			  struct why_list *reasons)
{
	if (memcmp(wanted->vendor, offers->vendor, sizeof(wanted->vendor)))
		why_add(reasons, "the VM's CPU is of vendor %.12s, the destination's of %.12s",
			(const char *)wanted->vendor, (const char *)offers->vendor);
	for (unsigned i = 0; i < CPUID_WORD_COUNT; i++)
		name_missing(i, wanted->word[i] & ~offers->word[i], reasons);
	if (wanted->xcr0 & ~offers->xcr0)
		why_add(reasons, "the VM may use XSAVE components 0x%llx, the destination has 0x%llx",
			(unsigned long long)wanted->xcr0, (unsigned long long)offers->xcr0);
	for (unsigned i = 2; i < CPUID_COMPONENTS; i++)
		if (wanted->xcr0 & offers->xcr0 & 1u << i && (wanted->xsave_offset[i] != offers->xsave_offset[i] ||
							      wanted->xsave_size[i] != offers->xsave_size[i]))
			why_add(reasons,
				"XSAVE component %u lies at %u (%u bytes) in the VM, at %u (%u bytes) on the "
				"destination",
				i, wanted->xsave_offset[i], wanted->xsave_size[i], offers->xsave_offset[i],
				offers->xsave_size[i]);
	if (wanted->physical_bits > offers->physical_bits)
		why_add(reasons, "the VM has %u physical-address bits, the destination's CPU %u", wanted->physical_bits,
			offers->physical_bits);
}
