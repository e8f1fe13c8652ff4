/* SPDX-License-Identifier: MIT */
/* devices.c: the devices of a machine. */
#include "hv/device.h"
#include "hv/dev/ports.h"
#include "hv/machine.h"

const struct device *const devices[] = {
	&lapic_device,
	&ioapic_device,
	&pic_device,
	&pit_device,
	&rtc_device,
	&uart_device,
	&pm_device,
	&pci_device,
	&console_device,
	&ports_device,
	NULL
};
