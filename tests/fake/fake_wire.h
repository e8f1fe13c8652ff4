/* SPDX-License-Identifier: MIT */
/* fake_wire.h: an IP interface of lwIP whose packets come back to it, so that both ends of a connection are here. */
#pragma once
#include <stdbool.h>

#define FAKE_WIRE_IPV4 0x0a000001u	/* 10.0.0.1/24; other addresses of the net never answer */

extern bool fake_wire_cut;			/* every packet is lost */
extern bool fake_wire_no_scaling;		/* both ends seem not to know window scaling */
extern unsigned fake_wire_loss_per_1000;
extern unsigned fake_wire_packets, fake_wire_lost;

/* Starts lwIP; to be called once per test. */
void fake_wire_up(void);
void fake_wire_down(void);
/* Delivers packets and polls channels until nothing moves; time stands still. */
void fake_wire_step(void);
/* As that, once per millisecond, with lwIP's timers. */
void fake_wire_run(unsigned ms);
