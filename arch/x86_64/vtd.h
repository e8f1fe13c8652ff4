/* SPDX-License-Identifier: MIT */
/* vtd.h: Intel VT-d (Architecture Specification, revision 4.1) as far as it stands in the way. */
#pragma once
#include <stdint.h>

/* Turns off what a firmware may leave on in each remapping unit of the DMAR table: DMA translation and protected
 * regions, with which a card's reads and writes of Tern's memory fail, and interrupt remapping, which drops interrupts
 * of the usual form. Each is logged; one that stays on is an error that says what won't work. After time_init. Returns
 * how many stay on. */
unsigned vtd_off(uint64_t rsdp);
