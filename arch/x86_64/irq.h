/* SPDX-License-Identifier: MIT */
/* irq.h: external interrupts of the host. They are taken at the idle point and after an
 * external-interrupt exit, on the boot CPU, never inside other host code. */
#pragma once
#include <stdint.h>

/* Programs the 8259 pair with every line masked. */
void irq_init(void);
/* 8259 lines 0-15; several handlers may share a line. @handler only notes that there is work (it must
 * quiet the device) and runs with interrupts off. */
void irq_register(uint8_t line, void (*handler)(void *arg), void *arg);
/* HLTs with interrupts on until an interrupt or @deadline_ns (time_ns clock) has come. */
void irq_idle(uint64_t deadline_ns);
