/* SPDX-License-Identifier: MIT */
/* fake_machine.h: the VM around a machine under test: time by hand, kicks counted, short words for accesses. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/machine.h"

extern uint64_t fake_now_ns;				/* guest time */
extern int64_t fake_tsc_offset;				/* guest TSC = time at m->tsc_khz + this */
extern unsigned fake_kicks[MACHINE_MAX_VCPUS];

/* A fresh machine at guest time 0 with the TSC at 1 GHz (1 tick = 1 ns) and the wall clock at 2024-02-29 23:59:58. */
#define FAKE_WALL 1709251198ull
struct machine *fake_machine(unsigned vcpus);
/* Moves guest time from deadline to deadline, polling at each, as the vCPU loop does. */
void fake_run_ns(struct machine *m, uint64_t ns);

uint8_t fake_inb(struct machine *m, uint16_t port);
void fake_outb(struct machine *m, uint16_t port, uint8_t value);
/* Local APIC registers of @vcpu by MMIO. */
uint32_t fake_lapic_read(struct machine *m, unsigned vcpu, uint32_t offset);
void fake_lapic_write(struct machine *m, unsigned vcpu, uint32_t offset, uint32_t value);
/* I/O APIC registers by IOREGSEL and IOWIN. */
uint32_t fake_ioapic_read(struct machine *m, uint32_t reg);
void fake_ioapic_write(struct machine *m, uint32_t reg, uint32_t value);
void fake_ioapic_route(struct machine *m, unsigned pin, uint64_t rte);
/* Accepts what is pending at @vcpu; returns the vector or -1. */
int fake_take(struct machine *m, unsigned vcpu);
