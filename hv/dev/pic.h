/* SPDX-License-Identifier: MIT */
/* pic.h: the cascaded pair of 8259A interrupt controllers with their ELCR (8259A datasheet). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

/* One record per chip: instance 0 is the master, 1 the slave on its input 2. */
#define PIC_TABLE(F, A) \
	F(1,  1, uint8_t, lines, 0xFF, "input levels") \
	F(2,  1, uint8_t, irr, 0xFF, "latched requests") \
	F(3,  1, uint8_t, imr, 0xFF, "mask") \
	F(4,  1, uint8_t, isr, 0xFF, "in service") \
	F(5,  1, uint8_t, base, 0xF8, "ICW2: vector of input 0") \
	F(6,  1, uint8_t, lowest, 7, "input of lowest priority") \
	F(7,  1, uint8_t, icw_step, 4, "next ICW expected: 0 none, 2, 3 or 4") \
	F(8,  1, uint8_t, icw1, 0x1F, "ICW1 as written") \
	F(9,  1, uint8_t, icw4, 0x1F, "ICW4 as written") \
	F(10, 1, uint8_t, read_isr, 1, "OCW3: the next read gives ISR, not IRR") \
	F(11, 1, uint8_t, poll, 1, "OCW3: the next read is a poll") \
	F(12, 1, uint8_t, special_mask, 1, "OCW3: special mask mode") \
	F(13, 1, uint8_t, rotate_aeoi, 1, "OCW2: rotate in automatic EOI mode") \
	F(14, 1, uint8_t, elcr, 0xFF, "level-triggered inputs")
STATE_STRUCT(pic_state, PIC_TABLE)

struct pic { struct pic_state s[2]; };

extern const struct device pic_device;

/* Level of ISA interrupt @irq (0 to 15, not 2). */
void pic_line(struct machine *m, unsigned irq, bool level);
/* The vector the next INTA would give, without side effect; -1 if INTR is low. */
int pic_vector(const struct machine *m);
/* An INTA cycle; gives the spurious vector if the request has gone. */
unsigned pic_inta(struct machine *m);
