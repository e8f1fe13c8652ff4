/* SPDX-License-Identifier: MIT */
#include "mce.h"
#include "cpu.h"
#include "intr.h"
#include "lib/log.h"
#include "msr.h"

#define CPUID_MCE	(1u << 7)
#define CPUID_MCA	(1u << 14)
#define CAP_BANKS(c)	((unsigned)(c) & 0xff)
#define CAP_CTL		(1ull << 8)
#define CAP_SER		(1ull << 24)	/* software error recovery: S and AR mean something */
#define GLOBAL_RIPV	(1ull << 0)
#define VALID		(1ull << 63)
#define OVERFLOW	(1ull << 62)
#define UNCORRECTED	(1ull << 61)
#define ENABLED		(1ull << 60)
#define HAS_MISC	(1ull << 59)
#define HAS_ADDRESS	(1ull << 58)
#define CORRUPT		(1ull << 57)
#define SIGNALED	(1ull << 56)
#define ACTION		(1ull << 55)
#define MISC_LSB(m)	((unsigned)(m) & 63)
#define MISC_MODE(m)	((unsigned)((m) >> 6) & 7)
#define MODE_PHYSICAL	2u
#define CTL(i)		(MSR_IA32_MC0_CTL + 4 * (i))
#define STATUS(i)	(CTL(i) + 1)
#define ADDRESS(i)	(CTL(i) + 2)
#define MISC(i)		(CTL(i) + 3)
#define VECTOR_MC	18

static bool present(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	return (r[3] & (CPUID_MCE | CPUID_MCA)) == (CPUID_MCE | CPUID_MCA);
}

static bool physical_address(unsigned bank, uint64_t status, uint64_t *address)
{
	uint64_t misc = status & HAS_MISC ? msr_read(MISC(bank)) : (uint64_t)MODE_PHYSICAL << 6;

	if (!(status & HAS_ADDRESS) || MISC_MODE(misc) != MODE_PHYSICAL || MISC_LSB(misc) > 52)
		return false;
	*address = msr_read(ADDRESS(bank)) & ~((1ull << MISC_LSB(misc)) - 1);
	return true;
}

/* SDM Vol. 3 "UCR Error Classification". */
static enum mce_verdict judge(unsigned bank, uint64_t status, uint64_t capabilities, uint64_t *address)
{
	bool recovery = capabilities & CAP_SER;

	if (!(status & VALID) || !(status & UNCORRECTED) || !(status & ENABLED))
		return MCE_NOTHING;
	if (status & (CORRUPT | OVERFLOW))
		return MCE_FATAL;
	if (recovery && !(status & SIGNALED))
		return MCE_NOTHING;
	if (!physical_address(bank, status, address))
		return MCE_WHAT_RAN;
	return recovery && !(status & ACTION) ? MCE_LATER : MCE_MEMORY;
}

enum mce_verdict mce_take(struct mce_report *r)
{
	uint64_t capabilities = msr_read(MSR_IA32_MCG_CAP);
	enum mce_verdict worst = MCE_NOTHING;

	*r = (struct mce_report){ .global = msr_read(MSR_IA32_MCG_STATUS) };
	for (unsigned i = 0; i < CAP_BANKS(capabilities); i++) {
		uint64_t status = msr_read(STATUS(i)), address = 0;
		enum mce_verdict v = judge(i, status, capabilities, &address);

		/* Two that name memory are more than one report can. */
		if ((v == MCE_MEMORY || v == MCE_LATER) && (worst == MCE_MEMORY || worst == MCE_LATER) &&
		    address != r->address)
			v = MCE_FATAL;
		if (v > worst) {
			worst = v;
			r->bank = i;
			r->status = status;
			r->address = address;
		}
		if (status & VALID)
			msr_write(STATUS(i), 0);
	}
	msr_write(MSR_IA32_MCG_STATUS, 0);
	return worst;
}

/* In Tern's own code: what lies in memory that nobody needed can wait, and so can what is another CPU's. */
static void on_machine_check(struct intr_frame *frame)
{
	struct mce_report r;
	enum mce_verdict v = mce_take(&r);

	if (v <= MCE_LATER && (r.global & GLOBAL_RIPV))
		return;
	panic("machine check in Tern at %llx: bank %u, status %llx, address %llx", (unsigned long long)frame->rip,
	      r.bank, (unsigned long long)r.status, (unsigned long long)r.address);
}

void mce_init(void)
{
	uint64_t capabilities;

	if (!present())
		return;
	intr_set_handler(VECTOR_MC, on_machine_check);
	capabilities = msr_read(MSR_IA32_MCG_CAP);
	if (capabilities & CAP_CTL)
		msr_write(MSR_IA32_MCG_CTL, ~0ull);
	for (unsigned i = 0; i < CAP_BANKS(capabilities); i++) {
		msr_write(CTL(i), ~0ull);
		msr_write(STATUS(i), 0);
	}
	cr4_write(cr4_read() | CR4_MCE);
}
