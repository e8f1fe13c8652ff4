/* SPDX-License-Identifier: MIT */
/* smp.h: starting the other CPUs, and asking them to do something. */
#pragma once
#include <stdint.h>

/* Starts every other enabled processor of the MADT by INIT-SIPI-SIPI; @page is a free page below 640 KiB.
 * Each runs @main(index) on its own stack with Tern's tables; a CPU that does not answer within 100 ms is
 * logged and left out. Returns the number of CPUs online, the boot CPU included. */
uint32_t smp_start(uint64_t rsdp, uint64_t page, void (*main)(uint32_t index));
