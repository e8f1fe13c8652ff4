/* SPDX-License-Identifier: MIT */
/* ports.c: POST code, keyboard controller reset, fast reset. */
#include "hv/dev/ports.h"
#include "hv/machine.h"

#define KBC_RESET	0xFEu	/* pulses output line 0, which is the CPU's reset */
#define FAST_A20	0x02u
#define FAST_RESET	0x01u

void ports_kbc_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)port, (void)size;
	if ((value & 0xFF) == KBC_RESET)
		machine_request(m, MACHINE_RESET, "keyboard controller reset (port 0x64)");
}

uint32_t ports_fast_in(struct machine *m, uint16_t port, unsigned size)
{
	(void)m, (void)port, (void)size;
	return FAST_A20;
}

void ports_fast_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)port, (void)size;
	if (value & FAST_RESET)
		machine_request(m, MACHINE_RESET, "fast reset (port 0x92)");
}

void ports_post_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)port, (void)size;
	m->post_code = (uint8_t)value;
}
