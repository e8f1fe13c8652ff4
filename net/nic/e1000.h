/* SPDX-License-Identifier: MIT */
/* e1000.h: Intel's 8254x Gigabit family (PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
 * Manual) and the 82574 as far as it shares the registers: legacy descriptors, one queue each way. */
#pragma once
#include "net/nic/nic.h"

/* nic_driver.variant: the layout of EERD: bit of DONE, first bit of ADDR. */
#define E1000_EERD_8254X (4u | 8u << 8)
#define E1000_EERD_82574 (1u | 2u << 8)

/* See nic_driver.start. One card per host: a second call is ERR_STATE. */
enum err e1000_start(const struct pci_function *f, const struct nic_driver *driver, struct nic **out,
		     struct why *why) NODISCARD;
