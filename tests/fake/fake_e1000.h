/* SPDX-License-Identifier: MIT */
/* fake_e1000.h: an 82540EM: registers, EEPROM and legacy rings, with the faults that a test wants. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_E1000_BASE 0xfebc0000ull
#define FAKE_E1000_SENT 512u	/* kept, twice what the driver's ring holds */

struct fake_e1000 {
	uint8_t mac[6];			/* in the EEPROM */
	bool eeprom_dead;		/* EERD never says DONE */
	bool eeprom_82574;		/* EERD in the layout of that chip */
	bool reset_hangs;
	bool link;
	bool gone;			/* all registers read as ones */
	bool tx_stopped;		/* takes TDT but sends nothing */
	uint64_t ral_rah;		/* RAL0 and RAH0 after a reset */
	uint32_t icr, ims;		/* the line is up while they share a bit */
	uint32_t rctl, tctl, tdh, tdt, rdh, rdt;	/* to look at */
	unsigned resets, sent;
	uint8_t frame[FAKE_E1000_SENT][2048];	/* the last frames sent, number n at n % FAKE_E1000_SENT */
	size_t length[FAKE_E1000_SENT];
	uint8_t command[FAKE_E1000_SENT];		/* of their descriptors */
};
extern struct fake_e1000 fake_e1000;

/* Puts the card on the PCI bus (00:03.0, IRQ 11) and gives it link and a MAC address. */
void fake_e1000_plug(void);
/* Frame number @n counting from 0; NULL if it was not sent or is too long ago. */
const uint8_t *fake_e1000_sent(unsigned n, size_t *length);
/* A frame from the wire; false if the ring has no descriptor. */
bool fake_e1000_receive(const void *frame, size_t length);
/* As that, but with the status, errors and length that the test says. */
bool fake_e1000_receive_as(const void *frame, size_t length, uint8_t status, uint8_t errors, uint16_t claimed);
