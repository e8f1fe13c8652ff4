/* SPDX-License-Identifier: MIT */
/* fake_net.c: a clock that only the test moves, one interrupt line, and the same sequence numbers each time. */
#include "tests/fake/fake_net.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/time.h"
#include "net/lwip/arch/cc.h"

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

uint32_t net_tcp_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port)
{
	return local_ip * 31 + remote_ip * 37 + local_port * 41u + remote_port * 43u + (uint32_t)(fake_now_ns / 4000);
}
