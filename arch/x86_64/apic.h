/* SPDX-License-Identifier: MIT */
/* apic.h: the host's local APIC, in xAPIC or x2APIC mode as the firmware left it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Enables the local APIC of the calling CPU and ends what the firmware left in service; LINT0 stays ExtINT on the boot
 * CPU for the 8259. */
void apic_init(int boot_cpu);
uint32_t apic_id(void);
void apic_eoi(void);
/* Whether an interrupt with @vector waits for its EOI here. */
bool apic_in_service(uint8_t vector);
/* One-shot timer interrupt (VECTOR_TIMER) in about @ns; 0 stops it. Calibrated by apic_timer_init. */
void apic_timer_init(void);
void apic_timer_arm(uint64_t ns);
/* INIT, STARTUP and fixed IPIs; @vector is the start page number for STARTUP. */
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, uint8_t page);
void apic_send_fixed(uint32_t id, uint8_t vector);
