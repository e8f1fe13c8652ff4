/* SPDX-License-Identifier: MIT */
#include "mitigate.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "lib/log.h"

/* CPUID.(EAX=7,ECX=0):EDX, and EBX.RTM. */
#define MD_CLEAR	(1u << 10)
#define IBRS_IBPB	(1u << 26)
#define L1D_FLUSH	(1u << 28)
#define HAS_ARCH	(1u << 29)
#define RTM		(1u << 11)
/* IA32_ARCH_CAPABILITIES. */
#define RDCL_NO		(1ull << 0)
#define IBRS_ALL	(1ull << 1)
#define SKIP_L1DFL	(1ull << 3)
#define PSCHANGE_MC_NO	(1ull << 6)
#define MDS_NO		(1ull << 5)
#define TAA_NO		(1ull << 8)
#define SBDR_SSDP_NO	(1ull << 13)
#define FBSDP_NO	(1ull << 14)
#define PSDP_NO		(1ull << 15)
#define FB_CLEAR	(1ull << 17)
#define PBRSB_NO	(1ull << 24)
#define RFDS_NO		(1ull << 27)
#define RFDS_CLEAR	(1ull << 28)
#define STALE_DATA_NO	(SBDR_SSDP_NO | FBSDP_NO | PSDP_NO)

/* Needed where the CPU has all of @edx, @ebx and @arch, unless it has all of @unless (0: never unless). The last is
 * about Intel's alone. */
static const struct row { enum mitigation m; uint32_t edx, ebx; uint64_t arch, unless; } row[] = {
	{ MITIGATE_IBPB,	 IBRS_IBPB, 0,	 0,	     0 },
	{ MITIGATE_IBRS,	 IBRS_IBPB, 0,	 IBRS_ALL,   0 },
	{ MITIGATE_IBRS_AT_EXIT, IBRS_IBPB, 0,	 0,	     IBRS_ALL },
	{ MITIGATE_RSB,		 IBRS_IBPB, 0,	 0,	     IBRS_ALL | PBRSB_NO },
	{ MITIGATE_VERW,	 MD_CLEAR,  0,	 0,	     MDS_NO },		/* MDS */
	{ MITIGATE_VERW,	 MD_CLEAR,  RTM, 0,	     TAA_NO },		/* TSX asynchronous abort */
	{ MITIGATE_VERW,	 0,	    0,	 FB_CLEAR,   STALE_DATA_NO },	/* processor MMIO stale data */
	{ MITIGATE_VERW,	 0,	    0,	 RFDS_CLEAR, RFDS_NO },		/* register file data sampling */
	{ MITIGATE_L1D,		 L1D_FLUSH, 0,	 0,	     RDCL_NO },		/* L1 terminal fault */
	{ MITIGATE_SMALL_CODE,	 0,	    0,	 0,	     PSCHANGE_MC_NO },	/* iTLB multihit */
};

/* As run.S has them. */
_Static_assert(1u << MITIGATE_IBRS_AT_EXIT == 4 && 1u << MITIGATE_RSB == 8, "bits of mitigate_mask");

uint32_t mitigate_mask;

uint32_t mitigate_choose(const struct mitigate_cpu *cpu)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		const struct row *r = &row[i];
		bool has = (cpu->leaf7_edx & r->edx) == r->edx && (cpu->leaf7_ebx & r->ebx) == r->ebx &&
			   (cpu->arch & r->arch) == r->arch;

		if (has && !(r->unless && (cpu->arch & r->unless) == r->unless))
			mask |= 1u << r->m;
	}
	if (!cpu->intel)
		mask &= ~(1u << MITIGATE_SMALL_CODE);
	/* An outer hypervisor that flushes for us says so. */
	return cpu->arch & SKIP_L1DFL ? mask & ~(1u << MITIGATE_L1D) : mask;
}

void mitigate_init(void)
{
	static const char *const name[MITIGATIONS] = {
		[MITIGATE_IBPB] = "IBPB between guests",
		[MITIGATE_IBRS] = "enhanced IBRS",
		[MITIGATE_IBRS_AT_EXIT] = "IBRS at each exit",
		[MITIGATE_RSB] = "return stack buffer filled at each exit",
		[MITIGATE_VERW] = "VERW before each entry",
		[MITIGATE_L1D] = "L1D flushed before a guest's turn",
		[MITIGATE_SMALL_CODE] = "guests' code runs from 4 KiB pages only (iTLB multihit)",
	};
	struct mitigate_cpu cpu = { 0 };
	uint32_t r[4];

	cpuid(0, 0, r);
	cpu.intel = cpu_vendor_is(r, "GenuineIntel");
	if (r[0] >= 7) {
		cpuid(7, 0, r);
		cpu.leaf7_ebx = r[1];
		cpu.leaf7_edx = r[3];
	}
	if (cpu.leaf7_edx & HAS_ARCH)
		cpu.arch = msr_read(MSR_IA32_ARCH_CAPABILITIES);
	mitigate_mask = mitigate_choose(&cpu);
	for (unsigned m = 0; m < MITIGATIONS; m++)
		if (mitigate_has(m))
			log_info("vmx", "against what this CPU may do: %s", name[m]);
	if (!(mitigate_mask & ~(1u << MITIGATE_SMALL_CODE)))
		log_info("vmx", "this CPU names no leak by speculation that it has the means to close (CPUID.7:EDX %x)",
			 cpu.leaf7_edx);
}

void mitigate_cpu_on(void)
{
	if (mitigate_mask & (1u << MITIGATE_IBRS | 1u << MITIGATE_IBRS_AT_EXIT))
		msr_write(MSR_IA32_SPEC_CTRL, SPEC_CTRL_IBRS);
}
