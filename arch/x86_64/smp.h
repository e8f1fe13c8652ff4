/* SPDX-License-Identifier: MIT */
/* smp.h: starting the other CPUs, and asking them to do something. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/boot.h"

/* Starts every other processor of @boot (or, without such a list, of the MADT) by INIT-SIPI-SIPI; boot->trampoline is
 * a free page below 640 KiB. Each waits with Tern's tables on its own stack for work from smp_on_others; a CPU that does
 * not answer within 100 ms is logged and left out. Returns the number of CPUs online, the boot CPU included. */
uint32_t smp_start(const struct boot_info *boot);
/* Runs @work on every CPU but the boot CPU, which waits for them (100 ms each at most; who is late is logged). */
void smp_on_others(void (*work)(void));
