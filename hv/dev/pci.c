/* SPDX-License-Identifier: MIT */
/* pci.c: configuration mechanism 1 with a host bridge, and the reset control register. */
#include "hv/dev/pci.h"
#include <string.h>
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, pci_state, PCI_TABLE, .name = "pci", .type = 0x0107, .version = 1);

#define ADDRESS_ENABLE	0x80000000u
#define ADDRESS_BITS	0x80FFFFFCu	/* enable, bus, device, function, register */
#define RST_CPU		0x04u
#define RESET_KEPT	0x0Au		/* SYS_RST, FULL_RST; RST_CPU reads 0 */

/* The host bridge's header: a 440FX by its ids, so that no guest is surprised; class 0x060000; nothing to set. */
static const uint32_t host_bridge[16] = {
	[0] = 0x12378086, [1] = 0x00000006, [2] = 0x06000002,
};

static uint32_t config_read(uint32_t address)
{
	uint32_t function = address & 0x00FFFF00u, reg = address >> 2 & 63;

	if (!(address & ADDRESS_ENABLE) || function != 0)
		return 0xFFFFFFFFu;
	return reg < 16 ? host_bridge[reg] : 0;
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	const struct pci_state *s = &m->pci.s;

	if (port >= PCI_PORT_DATA)
		return config_read(s->address) >> 8 * (port & 3);
	if (port == PCI_PORT_ADDRESS && size == 4)
		return s->address;
	if (port == PCI_PORT_RESET && size == 1)
		return s->reset_control;
	return 0xFFFFFFFFu;
}

static void out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	struct pci_state *s = &m->pci.s;

	if (port == PCI_PORT_ADDRESS && size == 4)
		s->address = value & ADDRESS_BITS;
	if (port != PCI_PORT_RESET || size != 1)
		return;
	s->reset_control = value & RESET_KEPT;
	if (value & RST_CPU)
		machine_request(m, MACHINE_RESET, "reset control register (port 0xCF9)");
}

static void reset(struct machine *m)
{
	memset(&m->pci.s, 0, sizeof(m->pci.s));
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct pci_state *s = record;

	(void)m, (void)instance;
	if ((s->address & ~ADDRESS_BITS) || (s->reset_control & ~RESET_KEPT)) {
		why_set(why, "record pci: reserved bits set");
		return ERR_RANGE;
	}
	return ERR_OK;
}

static void acpi(struct acpi_parts *a)
{
	acpi_flags(a->fadt + FADT_FLAGS, FADT_RESET_REG_SUP);
	acpi_port(a->fadt + FADT_RESET_REG, 8, PCI_PORT_RESET);
	a->fadt[FADT_RESET_VALUE] = PCI_RESET_VALUE;
}

static const struct device_ports ports[] = {
	{ PCI_PORT_ADDRESS, PCI_PORT_DATA + 3, 4, CHANGES_NOTHING, in, out },
};

const struct device pci_device = {
	.desc = &desc, .at = offsetof(struct machine, pci.s), .records = 1, .check = check, .reset = reset,
	DEVICE_PORTS(ports), .acpi = acpi,
};
