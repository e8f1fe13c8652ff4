/* SPDX-License-Identifier: MIT */
/* fake_e1000.c: what the driver's accesses do to the chip, and what the chip does to memory. */
#include "tests/fake/fake_e1000.h"
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/io.h"
#include "net/nic/e1000_regs.h"
#include "tests/fake/fake_pci.h"

struct fake_e1000 fake_e1000;
static uint32_t reg[E1000_REGISTER_BYTES / 4];
static uint8_t *config;

void fake_e1000_plug(void)
{
	struct fake_e1000 *e = &fake_e1000;
	uint32_t bar = FAKE_E1000_BASE;

	config = fake_pci_add(0, 3, 0, 0x8086, 0x100e, 0x020000);
	memcpy(config + 0x10, &bar, 4);
	config[0x3c] = 11;
	config[0x3d] = 1;
	memcpy(e->mac, "\x52\x54\x00\x12\x34\x50", 6);
	e->link = true;
}

static void transmit(void)
{
	struct fake_e1000 *e = &fake_e1000;
	struct e1000_tx_descriptor *ring = (void *)(uintptr_t)(reg[TDBAL / 4] | (uint64_t)reg[TDBAH / 4] << 32);
	uint32_t entries = reg[TDLEN / 4] / sizeof(*ring);

	if (e->tx_stopped || !(reg[TCTL / 4] & TCTL_EN) || !(config[4] & 4))
		return;
	while (reg[TDH / 4] != reg[TDT / 4]) {
		struct e1000_tx_descriptor *t = &ring[reg[TDH / 4]];
		unsigned slot = e->sent++ % FAKE_E1000_SENT;

		if (t->length > 2048)
			abort();
		memcpy(e->frame[slot], (void *)(uintptr_t)t->address, t->length);
		e->length[slot] = t->length;
		e->command[slot] = t->command;
		if (t->command & TXD_COMMAND_RS)
			t->status |= TXD_STATUS_DD;
		reg[TDH / 4] = (reg[TDH / 4] + 1) % entries;
	}
}

const uint8_t *fake_e1000_sent(unsigned n, size_t *length)
{
	struct fake_e1000 *e = &fake_e1000;

	if (n >= e->sent || n + FAKE_E1000_SENT < e->sent)
		return NULL;
	*length = e->length[n % FAKE_E1000_SENT];
	return e->frame[n % FAKE_E1000_SENT];
}

bool fake_e1000_receive_as(const void *frame, size_t length, uint8_t status, uint8_t errors, uint16_t claimed)
{
	struct e1000_rx_descriptor *ring = (void *)(uintptr_t)(reg[RDBAL / 4] | (uint64_t)reg[RDBAH / 4] << 32);
	struct e1000_rx_descriptor *r;

	if (!(reg[RCTL / 4] & RCTL_EN) || !fake_e1000.link || reg[RDH / 4] == reg[RDT / 4])
		return false;
	r = &ring[reg[RDH / 4]];
	memcpy((void *)(uintptr_t)r->address, frame, length);
	r->length = claimed;
	r->errors = errors;
	r->status = status;
	reg[RDH / 4] = (reg[RDH / 4] + 1) % (reg[RDLEN / 4] / sizeof(*ring));
	fake_e1000.icr |= ICR_RXT0;
	return true;
}

bool fake_e1000_receive(const void *frame, size_t length)
{
	return fake_e1000_receive_as(frame, length, RXD_STATUS_DD | RXD_STATUS_EOP, 0, (uint16_t)length);
}

static uint32_t eerd(void)
{
	struct fake_e1000 *e = &fake_e1000;
	uint32_t v = reg[EERD / 4], word = v >> (e->eeprom_82574 ? 2 : 8) & 0x3f;

	if (e->eeprom_dead || !(v & EERD_START) || word > 2)
		return v;
	return 1u << (e->eeprom_82574 ? 1 : 4) | (uint32_t)e->mac[2 * word] << 16 |
	       (uint32_t)e->mac[2 * word + 1] << 24;
}

uint32_t mmio_read32(uint64_t address)
{
	struct fake_e1000 *e = &fake_e1000;
	uint32_t at = (uint32_t)(address - FAKE_E1000_BASE), v;

	if (address < FAKE_E1000_BASE || at >= E1000_REGISTER_BYTES)
		abort();
	if (e->gone)
		return UINT32_MAX;
	switch (at) {
	case EERD:
		return eerd();
	case STATUS:
		return e->link ? STATUS_LU : 0;
	case ICR:
		v = e->icr;
		e->icr = 0;
		return v;
	default:
		return reg[at / 4];
	}
}

static void chip_reset(uint32_t ctrl)
{
	struct fake_e1000 *e = &fake_e1000;

	e->resets++;
	memset(reg, 0, sizeof(reg));
	e->icr = e->ims = 0;
	e->tx_stopped = false;
	reg[RAL0 / 4] = (uint32_t)e->ral_rah;
	reg[RAH0 / 4] = (uint32_t)(e->ral_rah >> 32);
	reg[CTRL / 4] = e->reset_hangs ? ctrl : ctrl & ~CTRL_RST;
}

void mmio_write32(uint64_t address, uint32_t v)
{
	struct fake_e1000 *e = &fake_e1000;
	uint32_t at = (uint32_t)(address - FAKE_E1000_BASE);

	if (address < FAKE_E1000_BASE || at >= E1000_REGISTER_BYTES || !(config[4] & 2))
		abort();
	reg[at / 4] = v;
	if (at == IMS)
		e->ims |= v;
	if (at == IMC)
		e->ims &= ~v;
	if (at == CTRL && (v & CTRL_RST))
		chip_reset(v);
	if (at == TDT)
		transmit();
	e->rctl = reg[RCTL / 4];
	e->tctl = reg[TCTL / 4];
	e->tdh = reg[TDH / 4];
	e->tdt = reg[TDT / 4];
	e->rdh = reg[RDH / 4];
	e->rdt = reg[RDT / 4];
}
