/* SPDX-License-Identifier: MIT */
/* tsc_claims.c: CPUID 15H and 16H, MSR_PLATFORM_INFO (SDM Vol. 3 "Determining the Processor Base Frequency"), VMware's
 * leaf 40000010H, KVM's clock (Linux, Documentation/virt/kvm), Hyper-V's frequency MSR (Hypervisor Top Level Functional
 * Specification, "Partition Reference Time"). */
#include "arch/x86_64/tsc_claims.h"
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"

#define HYPERVISOR_ECX		(1u << 31)	/* leaf 1 */
#define KVM_CLOCKSOURCE2	(1u << 3)	/* leaf 40000001H, EAX */
#define HV_FREQUENCY_MSRS	(1u << 11)	/* leaf 40000003H, EAX */
#define MSR_KVM_SYSTEM_TIME_NEW	0x4b564d01u
#define MSR_HV_TSC_FREQUENCY	0x40000022u
#define ROUGH_PER_MILLE		5u
#define KHZ			1000ull

/* Hypervisors give their twelve letters in the order EBX, ECX, EDX. */
static bool hypervisor(const struct tsc_raw *raw, const char *name)
{
	return (raw->leaf_1[2] & HYPERVISOR_ECX) && !memcmp(&raw->leaf_40000000[1], name, 12);
}

static struct tsc_range around(uint64_t hz, uint64_t off)
{
	return hz ? (struct tsc_range){ hz - off, hz + off } : (struct tsc_range){ 0, 0 };
}

static struct tsc_source hypervisors_word(const struct tsc_raw *raw)
{
	struct tsc_source s = { .name = "CPUID 40000010H", .kind = TSC_CLAIM };
	uint64_t khz;

	if (!(raw->leaf_1[2] & HYPERVISOR_ECX))
		return s;
	if (raw->leaf_40000000[0] >= 0x40000010 && raw->leaf_40000000[0] <= 0x4fffffff && raw->leaf_40000010[0]) {
		s.range = around(raw->leaf_40000010[0] * KHZ, KHZ);
		return s;
	}
	if (hypervisor(raw, "KVMKVMKVM\0\0\0") && raw->kvm_mul && raw->kvm_shift > -32 && raw->kvm_shift < 32) {
		s.name = "KVM's clock";
		khz = (1000000ull << 32) / raw->kvm_mul;
		khz = raw->kvm_shift < 0 ? khz << -raw->kvm_shift : khz >> raw->kvm_shift;
		/* No TSC is faster than 100 GHz: what says so has been read wrongly. */
		if (khz && khz < 100000000)
			s.range = around(khz * KHZ, KHZ);
		return s;
	}
	s.name = "Hyper-V's TSC frequency";
	if (hypervisor(raw, "Microsoft Hv") && raw->hyperv_hz > KHZ)
		s.range = around(raw->hyperv_hz, KHZ);
	return s;
}

static struct tsc_source leaf_15(const struct tsc_raw *raw)
{
	struct tsc_source s = { .name = "CPUID 15H", .kind = TSC_CLAIM };
	const uint32_t *r = raw->leaf_15;

	if (r[0] && r[1] && r[2])
		s.range = around((uint64_t)((unsigned __int128)r[2] * r[1] / r[0]), KHZ);
	return s;
}

static struct tsc_range rough(uint64_t hz)
{
	return around(hz, hz / 1000 * ROUGH_PER_MILLE);
}

/* "Maximum Non-Turbo Ratio" times a bus clock of 133.33 MHz in Nehalem and Westmere, 100 MHz in what came after. */
static uint64_t nominal_hz(const struct tsc_raw *raw)
{
	static const uint8_t nehalem[] = { 0x1a, 0x1e, 0x1f, 0x2e, 0x25, 0x2c, 0x2f };
	uint32_t model = (raw->leaf_1[0] >> 4 & 15) | (raw->leaf_1[0] >> 12 & 0xf0);
	uint64_t ratio = raw->platform_info >> 8 & 0xff;

	return memchr(nehalem, (int)model, sizeof(nehalem)) ? ratio * 400000000 / 3 : ratio * 100000000;
}

unsigned tsc_claims(const struct tsc_raw *raw, struct tsc_source *out)
{
	unsigned n = 0;

	out[n++] = hypervisors_word(raw);
	if (!cpu_vendor_is(raw->leaf_0, "GenuineIntel"))
		return n;
	out[n++] = leaf_15(raw);
	out[n++] = (struct tsc_source){ "CPUID 16H", TSC_ROUGH, rough((raw->leaf_16[0] & 0xffff) * 1000000ull) };
	out[n++] = (struct tsc_source){ "MSR_PLATFORM_INFO", TSC_ROUGH, rough(nominal_hz(raw)) };
	return n;
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* KVM writes it before the MSR write returns, and again at times until that is taken back. */
struct pvclock {
	uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
};
_Static_assert(sizeof(struct pvclock) == 32, "KVM's structure has 32 bytes");

static void read_kvm(struct tsc_raw *raw)
{
	static volatile struct pvclock clock __attribute__((aligned(32)));

	if (!hypervisor(raw, "KVMKVMKVM\0\0\0") || !(raw->leaf_40000001[0] & KVM_CLOCKSOURCE2))
		return;
	if (!msr_write_safe(MSR_KVM_SYSTEM_TIME_NEW, (uint64_t)&clock | 1))
		return;
	if (clock.version && !(clock.version & 1)) {
		raw->kvm_mul = clock.mul;
		raw->kvm_shift = clock.shift;
	}
	(void)msr_write_safe(MSR_KVM_SYSTEM_TIME_NEW, 0);
}

static void read_hypervisor(struct tsc_raw *raw)
{
	uint32_t last;

	cpuid(0x40000000, 0, raw->leaf_40000000);
	last = raw->leaf_40000000[0];
	if (last >= 0x40000001)
		cpuid(0x40000001, 0, raw->leaf_40000001);
	if (last >= 0x40000003)
		cpuid(0x40000003, 0, raw->leaf_40000003);
	if (last >= 0x40000010)
		cpuid(0x40000010, 0, raw->leaf_40000010);
	/* KVM has said 0 for 40000001H in its earliest versions. */
	if (last == 0 && hypervisor(raw, "KVMKVMKVM\0\0\0"))
		cpuid(0x40000001, 0, raw->leaf_40000001);
	read_kvm(raw);
	if (hypervisor(raw, "Microsoft Hv") && (raw->leaf_40000003[0] & HV_FREQUENCY_MSRS))
		(void)msr_read_safe(MSR_HV_TSC_FREQUENCY, &raw->hyperv_hz);
}

void tsc_raw_read(struct tsc_raw *raw)
{
	*raw = (struct tsc_raw){ 0 };
	cpuid(0, 0, raw->leaf_0);
	cpuid(1, 0, raw->leaf_1);
	if (raw->leaf_0[0] >= 0x15)
		cpuid(0x15, 0, raw->leaf_15);
	if (raw->leaf_0[0] >= 0x16)
		cpuid(0x16, 0, raw->leaf_16);
	if (cpu_vendor_is(raw->leaf_0, "GenuineIntel"))
		(void)msr_read_safe(MSR_PLATFORM_INFO, &raw->platform_info);
	if (raw->leaf_1[2] & HYPERVISOR_ECX)
		read_hypervisor(raw);
}
