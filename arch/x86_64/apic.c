/* SPDX-License-Identifier: MIT */
#include "apic.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/msr.h"
#include "intr.h"
#include "paging.h"
#include "time.h"

/* Register numbers are xAPIC offsets / 16, which are the x2APIC MSR numbers minus 0x800. */
enum {
	REG_ID = 0x02,
	REG_TPR = 0x08,
	REG_EOI = 0x0b,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_TIMER = 0x32,
	REG_LINT0 = 0x35,
	REG_LINT1 = 0x36,
	REG_INITIAL = 0x38,
	REG_CURRENT = 0x39,
	REG_DIVIDE = 0x3e
};

#define APIC_BASE_ENABLE	(1ull << 11)
#define APIC_BASE_X2APIC	(1ull << 10)
#define APIC_BASE_ADDR		0x000ffffffffff000ull
#define SVR_ENABLE		0x100u
#define LVT_MASKED		0x10000u
#define LVT_EXTINT		0x700u
#define LVT_NMI			0x400u
#define ICR_INIT		0x4500u
#define ICR_STARTUP		0x4600u
#define ICR_FIXED		0x4000u
#define ICR_PENDING		0x1000u
#define DIVIDE_BY_16		3u

static int x2apic;
static uint64_t base;
static uint64_t timer_khz;	/* after the divider */

static uint32_t rd(unsigned reg)
{
	return x2apic ? (uint32_t)msr_read(0x800 + reg) : mmio_read32(base + reg * 16);
}

static void wr(unsigned reg, uint32_t v)
{
	if (x2apic)
		msr_write(0x800 + reg, v);
	else
		mmio_write32(base + reg * 16, v);
}

uint32_t apic_id(void)
{
	return x2apic ? rd(REG_ID) : rd(REG_ID) >> 24;
}

void apic_eoi(void)
{
	wr(REG_EOI, 0);
}

bool apic_in_service(uint8_t vector)
{
	return (x2apic || base) && (rd(REG_ISR + vector / 32u) >> vector % 32 & 1);
}

/* A vector that the firmware left in service would hold back each lower one for ever. */
static void end_left_in_service(void)
{
	for (unsigned vector = 256; vector-- > 0; )
		if (apic_in_service((uint8_t)vector))
			apic_eoi();
}

static void on_timer(struct intr_frame *frame)
{
	(void)frame;
	apic_eoi();
}

static void on_spurious(struct intr_frame *frame)
{
	(void)frame;
}

void apic_init(int boot_cpu)
{
	uint64_t msr = msr_read(MSR_IA32_APIC_BASE);

	if (boot_cpu) {
		x2apic = (msr & APIC_BASE_X2APIC) != 0;
		base = msr & APIC_BASE_ADDR;
		if (!x2apic)
			paging_map_mmio(base, 4096);
		intr_set_handler(VECTOR_TIMER, on_timer);
		intr_set_handler(VECTOR_IPI, on_timer);
		intr_set_handler(VECTOR_SPURIOUS, on_spurious);
	}
	msr |= APIC_BASE_ENABLE | (x2apic ? APIC_BASE_X2APIC : 0);
	msr_write(MSR_IA32_APIC_BASE, msr);
	wr(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	end_left_in_service();
	wr(REG_TPR, 0);
	wr(REG_LINT0, boot_cpu ? LVT_EXTINT : LVT_MASKED);
	wr(REG_LINT1, LVT_NMI);
	wr(REG_TIMER, LVT_MASKED);
	wr(REG_DIVIDE, DIVIDE_BY_16);
}

void apic_timer_init(void)
{
	uint64_t start, ns;

	wr(REG_INITIAL, 0xffffffff);
	start = time_ns();
	time_delay_us(10000);
	ns = time_ns() - start;
	timer_khz = (0xffffffffull - rd(REG_CURRENT)) * 1000000 / ns;
	wr(REG_INITIAL, 0);
}

void apic_timer_arm(uint64_t ns)
{
	uint64_t count = ns > 1000000000ull ? timer_khz * 1000 : ns * timer_khz / 1000000;

	wr(REG_TIMER, ns ? VECTOR_TIMER : LVT_MASKED);
	wr(REG_INITIAL, ns && !count ? 1 : count > 0xffffffff ? 0xffffffff : (uint32_t)count);
}

static void send(uint32_t id, uint32_t command)
{
	if (x2apic) {
		/* WRMSR to an x2APIC register does not wait for earlier stores: the other CPU must see them (SDM Vol. 3
		 * "MSR Access in x2APIC Mode"). */
		__asm__ volatile("mfence; lfence" : : : "memory");
		msr_write(0x800 + REG_ICR, (uint64_t)id << 32 | command);
		return;
	}
	wr(REG_ICR_HIGH, id << 24);
	wr(REG_ICR, command);
	for (int i = 0; i < 100000 && (rd(REG_ICR) & ICR_PENDING); i++)
		cpu_relax();
}

void apic_send_init(uint32_t id)
{
	send(id, ICR_INIT);
}

void apic_send_startup(uint32_t id, uint8_t page)
{
	send(id, ICR_STARTUP | page);
}

void apic_send_fixed(uint32_t id, uint8_t vector)
{
	send(id, ICR_FIXED | vector);
}
