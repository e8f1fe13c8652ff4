/* SPDX-License-Identifier: MIT */
/* ports.c: POST code, keyboard controller reset, fast reset. */
#include "hv/dev/ports.h"
#include "hv/device.h"
#include "hv/machine.h"

#define KBC_RESET	0xFEu	/* pulses output line 0, which is the CPU's reset */
#define FAST_A20	0x02u
#define FAST_RESET	0x01u

/* There is no keyboard controller to read. */
static void kbc_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)port, (void)size;
	if ((value & 0xFF) == KBC_RESET)
		machine_request(m, MACHINE_RESET, "keyboard controller reset (port 0x64)");
}

/* A20 is always on. */
static uint32_t fast_in(struct machine *m, uint16_t port, unsigned size)
{
	(void)m, (void)port, (void)size;
	return FAST_A20;
}

static void fast_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)port, (void)size;
	if (value & FAST_RESET)
		machine_request(m, MACHINE_RESET, "fast reset (port 0x92)");
}

/* The last one is kept for a person. */
static void post_out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)port, (void)size;
	m->post_code = (uint8_t)value;
}

static const struct device_ports ports[] = {
	{ 0x64, 0x64, 1, CHANGES_NOTHING, NULL, kbc_out },
	{ 0x80, 0x80, 1, CHANGES_NOTHING, NULL, post_out },
	{ 0x92, 0x92, 1, CHANGES_NOTHING, fast_in, fast_out },
};

const struct device ports_device = { DEVICE_PORTS(ports) };
