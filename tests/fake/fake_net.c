/* SPDX-License-Identifier: MIT */
/* fake_net.c: a clock that only the test moves, and one interrupt line. */
#include "tests/fake/fake_net.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/time.h"

uint64_t fake_now_ns = 1000000000ull;
uint64_t fake_mmio_base, fake_mmio_bytes;
int fake_irq_line = -1;
static void (*irq_handler)(void *arg);
static void *irq_arg;

uint64_t time_ns(void)
{
	return fake_now_ns;
}

uint64_t time_tsc(void)
{
	return fake_now_ns * 3;
}

void time_delay_us(uint32_t us)
{
	fake_now_ns += us * 1000ull;
}

void irq_register(uint8_t line, void (*handler)(void *arg), void *arg)
{
	fake_irq_line = line;
	irq_handler = handler;
	irq_arg = arg;
}

void fake_irq(void)
{
	irq_handler(irq_arg);
}

void paging_map_mmio(uint64_t base, uint64_t bytes)
{
	fake_mmio_base = base;
	fake_mmio_bytes = bytes;
}
