/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/apic.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/time.h"

#define BASE 0xfee00000ull
#define X2APIC (1ull << 10)

static uint32_t reg[64], in_service[8], delivery_reads;
static unsigned eois;
static uint64_t now, mapped;
static bool endless;

uint32_t mmio_read32(uint64_t address)
{
	unsigned n = (unsigned)(address - BASE) / 16;

	cr_assert_eq(address & 0xf, 0);
	if (n >= 0x10 && n < 0x18)
		return in_service[n - 0x10];
	if (n == 0x30 && delivery_reads && delivery_reads--)
		return 0x1000;
	if (n == 0x39)
		return 0xffffffff - (uint32_t)(now / 100);	/* 10 MHz */
	return reg[n];
}

/* An EOI ends the highest one. */
void mmio_write32(uint64_t address, uint32_t v)
{
	unsigned n = (unsigned)(address - BASE) / 16;

	reg[n] = v;
	if (n != 0x0b)
		return;
	eois++;
	for (unsigned i = 8; i-- > 0 && !endless;)
		if (in_service[i]) {
			in_service[i] &= ~(1u << (31 - __builtin_clz(in_service[i])));
			return;
		}
}

uint64_t time_ns(void)
{
	return now;
}

void time_delay_us(uint32_t us)
{
	now += us * 1000ull;
}

void intr_set_handler(uint8_t vector, void (*handler)(struct intr_frame *))
{
	cr_assert(handler && vector);
}

void paging_map_mmio(uint64_t base, uint64_t bytes)
{
	mapped = base + bytes;
}

static void begin(void)
{
	memset(&fake_cpu, 0, sizeof(fake_cpu));
	msr_write(MSR_IA32_APIC_BASE, BASE | 1u << 8 | 1u << 11);
}

TestSuite(apic, .init = begin);

Test(apic, vectors_that_the_firmware_left_in_service_are_ended)
{
	in_service[2] = 0x80000001;
	in_service[7] = 4;
	apic_init(1);
	cr_assert_eq(mapped, BASE + 4096);
	cr_assert_eq(in_service[2] | in_service[7], 0, "else every lower vector waits for ever, Tern's timer too");
	cr_assert_eq(eois, 3);
	cr_assert_eq(reg[0x0f], 0x1ff);
	cr_assert_eq(reg[0x35], 0x700, "LINT0 is the 8259's");
	apic_init(0);
	cr_assert_eq(eois, 3);
	cr_assert_eq(reg[0x35], 0x10000);
}

Test(apic, a_broken_apic_does_not_hold_the_boot)
{
	endless = true;
	in_service[1] = 1;
	apic_init(1);
	cr_assert_leq(eois, 256u);
}

Test(apic, an_interrupt_without_a_handler_is_ended_only_if_it_is_in_service)
{
	apic_init(1);
	in_service[3] = 1u << 5;
	cr_assert(apic_in_service(3 * 32 + 5));
	cr_assert(!apic_in_service(3 * 32 + 6));
}

Test(apic, ipis_say_whom_and_wait_until_they_are_sent)
{
	apic_init(1);
	delivery_reads = 4;
	apic_send_init(7);
	cr_assert_eq(delivery_reads, 0);
	cr_assert_eq(reg[0x31], 7u << 24);
	cr_assert_eq(reg[0x30], 0x4500);
	apic_send_startup(200, 0x9e);
	cr_assert_eq(reg[0x31], 200u << 24);
	cr_assert_eq(reg[0x30], 0x469e);
}

Test(apic, x2apic_is_used_where_the_firmware_left_it_on)
{
	msr_write(MSR_IA32_APIC_BASE, BASE | X2APIC | 1u << 11);
	msr_write(0x802, 0x12345);
	apic_init(1);
	cr_assert_eq(mapped, 0);
	cr_assert_eq(apic_id(), 0x12345);
	apic_send_fixed(0x1234, VECTOR_IPI);
	cr_assert_eq(msr_read(0x830), 0x1234ull << 32 | 0x4000 | VECTOR_IPI);
}

Test(apic, the_timer_counts_in_what_was_measured)
{
	apic_init(1);
	apic_timer_init();
	apic_timer_arm(1000000);
	cr_assert_eq(reg[0x32], VECTOR_TIMER);
	cr_assert(reg[0x38] >= 9990 && reg[0x38] <= 10010, "%u", reg[0x38]);
	apic_timer_arm(1);
	cr_assert_eq(reg[0x38], 1, "the shortest time is not none");
	apic_timer_arm(0);
	cr_assert_eq(reg[0x32], 0x10000);
}
