/* SPDX-License-Identifier: MIT */
/* fake_net.h: the clock, interrupts and MMIO mapping that the network's unit tests run on. */
#pragma once
#include <stdint.h>

extern uint64_t fake_now_ns;		/* time_ns; time_delay_us moves it */
extern uint64_t fake_mmio_base, fake_mmio_bytes;	/* of the last paging_map_mmio */
/* The line that a handler was registered for, -1 if none; calls that handler. */
extern int fake_irq_line;
void fake_irq(void);
