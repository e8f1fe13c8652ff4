/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/mce.h"
#include <criterion/criterion.h>
#include <signal.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/msr.h"

#define BANKS		4u
#define SER		(1ull << 24)
#define V		(1ull << 63)
#define OVER		(1ull << 62)
#define UC		(1ull << 61)
#define EN		(1ull << 60)
#define MISCV		(1ull << 59)
#define ADDRV		(1ull << 58)
#define PCC		(1ull << 57)
#define S		(1ull << 56)
#define AR		(1ull << 55)
#define UNCORRECTED	(V | UC | EN)
#define PHYSICAL	(2ull << 6 | 6)	/* mode, and a line of 64 bytes */

static void (*handler)(struct intr_frame *);
static struct mce_report r;

void intr_set_handler(uint8_t vector, void (*h)(struct intr_frame *))
{
	cr_assert_eq(vector, 18);
	handler = h;
}

static void bank(unsigned n, uint64_t status, uint64_t address, uint64_t misc)
{
	msr_write(MSR_IA32_MC0_CTL + 4 * n + 1, status);
	msr_write(MSR_IA32_MC0_CTL + 4 * n + 2, address);
	msr_write(MSR_IA32_MC0_CTL + 4 * n + 3, misc);
}

static void fresh(void)
{
	fake_cpu = (struct fake_cpu){ .cpuids = 1, .cpuid = { { .leaf = 1, .out = { 0, 0, 0, 1u << 7 | 1u << 14 } } } };
	msr_write(MSR_IA32_MCG_CAP, BANKS | SER | 1 << 8);
	mce_init();
	msr_write(MSR_IA32_MCG_STATUS, 5);
}

TestSuite(mce, .init = fresh);

Test(mce, each_kind_of_error_has_its_verdict)
{
	static const struct { uint64_t status, misc; enum mce_verdict want; } row[] = {
		{ 0, 0, MCE_NOTHING },
		{ V | EN, 0, MCE_NOTHING },				/* corrected */
		{ UC | EN | PCC, 0, MCE_NOTHING },			/* not valid */
		{ UNCORRECTED, 0, MCE_NOTHING },			/* UCNA: no machine check is its doing */
		{ UNCORRECTED | S | AR | ADDRV | MISCV, PHYSICAL, MCE_MEMORY },
		{ UNCORRECTED | S | ADDRV | MISCV, PHYSICAL, MCE_LATER },
		{ UNCORRECTED | S | AR, 0, MCE_WHAT_RAN },
		{ UNCORRECTED | S | AR | ADDRV | MISCV, 1ull << 6 | 6, MCE_WHAT_RAN },	/* a linear address tells nothing */
		{ UNCORRECTED | S | AR | PCC, 0, MCE_FATAL },
		{ UNCORRECTED | S | AR | OVER | ADDRV | MISCV, PHYSICAL, MCE_FATAL },
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		bank(2, row[i].status, 0x12345678, row[i].misc);
		cr_expect_eq(mce_take(&r), row[i].want, "row %u", i);
		if (row[i].want == MCE_MEMORY)
			cr_expect(r.bank == 2 && r.address == 0x12345640, "bank %u, address %lx", r.bank, r.address);
	}
}

Test(mce, without_recovery_any_uncorrected_error_counts)
{
	msr_write(MSR_IA32_MCG_CAP, BANKS);
	bank(0, UNCORRECTED | ADDRV, 0x7000, 0);
	cr_expect_eq(mce_take(&r), MCE_MEMORY);
	cr_expect_eq(r.address, 0x7000);
}

Test(mce, the_worst_of_the_banks_counts)
{
	bank(0, UNCORRECTED | S | AR, 0, 0);
	bank(3, UNCORRECTED | PCC, 0, 0);
	cr_expect_eq(mce_take(&r), MCE_FATAL);
	bank(0, UNCORRECTED | S | AR | ADDRV, 0x1000, 0);
	bank(3, UNCORRECTED | S | AR | ADDRV, 0x2000, 0);
	cr_expect_eq(mce_take(&r), MCE_FATAL, "two places");
}

Test(mce, what_was_read_is_cleared)
{
	bank(1, UNCORRECTED | S | AR, 0, 0);
	mce_take(&r);
	cr_expect_eq(mce_take(&r), MCE_NOTHING);
	cr_expect_eq(msr_read(MSR_IA32_MCG_STATUS), 0);
}

Test(mce, the_banks_and_the_exception_are_switched_on)
{
	cr_expect(cr4_read() & CR4_MCE);
	cr_expect_eq(msr_read(MSR_IA32_MCG_CTL), ~0ull);
	for (unsigned i = 0; i < BANKS; i++)
		cr_expect_eq(msr_read(MSR_IA32_MC0_CTL + 4 * i), ~0ull);
}

Test(mce, a_cpu_without_them_is_left_alone)
{
	fake_cpu = (struct fake_cpu){ 0 };
	mce_init();
	cr_expect_eq(fake_cpu.msrs, 0);
	cr_expect_eq(cr4_read(), 0);
}

Test(mce, tern_goes_on_after_what_is_not_its_business)
{
	struct intr_frame frame = { 0 };

	handler(&frame);
	bank(0, UNCORRECTED | S | ADDRV, 0x1000, 0);
	msr_write(MSR_IA32_MCG_STATUS, 5);
	handler(&frame);
}

Test(mce, tern_stops_when_its_own_memory_is_lost, .signal = SIGABRT)
{
	struct intr_frame frame = { 0 };

	bank(0, UNCORRECTED | S | AR | ADDRV, 0x1000, 0);
	handler(&frame);
}

Test(mce, tern_stops_when_it_can_not_resume, .signal = SIGABRT)
{
	struct intr_frame frame = { 0 };

	msr_write(MSR_IA32_MCG_STATUS, 4);
	handler(&frame);
}
