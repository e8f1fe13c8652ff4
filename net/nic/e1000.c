/* SPDX-License-Identifier: MIT */
#include "net/nic/e1000.h"
#include <string.h>
#include "arch/x86_64/io.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "lib/pages.h"
#include "net/nic/e1000_regs.h"

#define RING		256u
#define BUFFER_BYTES	2048u
#define EEPROM_WORD_US	2000u
#define RESET_US	10000u
#define HANG_NS		2000000000ull
#define RDT_BATCH	16u
#define FRAME_MIN	14u

/* Keeps stores to a descriptor before the register write that hands it over, and loads after the DD test. */
#define barrier() __asm__ volatile("" ::: "memory")

struct e1000 {
	struct nic nic;
	uint64_t base;			/* of the registers */
	uint32_t eerd_layout;
	bool gone;			/* registers read as all ones */
	struct e1000_rx_descriptor *rx;
	struct e1000_tx_descriptor *tx;
	uint8_t *rx_buffer[RING], *tx_buffer[RING];
	uint32_t rx_next;		/* the descriptor to look at */
	uint32_t rx_returned;		/* since RDT was last written */
	bool rx_held;			/* the frame before rx_next is with the caller */
	bool rx_skip;			/* inside a frame that did not fit one buffer */
	uint32_t tx_next, tx_clean, tx_tail;
	uint64_t hang_since_ns;		/* 0: nothing is to be sent */
	uint32_t hang_tdh;
};

static struct e1000 card;

static uint32_t reg_read(const struct e1000 *d, uint32_t reg)
{
	return mmio_read32(d->base + reg);
}

static void reg_write(const struct e1000 *d, uint32_t reg, uint32_t value)
{
	barrier();
	mmio_write32(d->base + reg, value);
}

/* Reading ICR quiets the line, and it stays quiet until op_arm: a host that is awake polls the rings, and a guest is
 * not interrupted for each frame. */
static void on_interrupt(void *arg)
{
	struct e1000 *d = arg;

	if (!reg_read(d, ICR))
		return;		/* another device's on the same line */
	d->nic.counters.interrupts++;
	reg_write(d, IMC, UINT32_MAX);
}

/* Causes that came while masked are still in ICR, so they interrupt at once. */
static void op_arm(struct nic *nic)
{
	reg_write((struct e1000 *)nic, IMS, ICR_LSC | ICR_RXDMT0 | ICR_RXO | ICR_RXT0);
}

static bool eeprom_read(const struct e1000 *d, uint8_t word, uint16_t *out)
{
	uint32_t done = 1u << (d->eerd_layout & 0xff), shift = d->eerd_layout >> 8;

	reg_write(d, EERD, (uint32_t)word << shift | EERD_START);
	for (uint32_t us = 0; us < EEPROM_WORD_US; us += 10) {
		uint32_t v = reg_read(d, EERD);

		if (v == UINT32_MAX)
			return false;
		if (v & done) {
			*out = (uint16_t)(v >> 16);
			return true;
		}
		time_delay_us(10);
	}
	return false;
}

static bool mac_usable(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return memcmp(mac, zero, 6) && !(mac[0] & 1);
}

/* The EEPROM first, for some chips leave RAL/RAH empty after a reset; then what firmware left there. */
static bool mac_read(struct e1000 *d)
{
	uint16_t word[3];
	uint32_t low, high;

	if (eeprom_read(d, 0, &word[0]) && eeprom_read(d, 1, &word[1]) && eeprom_read(d, 2, &word[2])) {
		memcpy(d->nic.mac, word, 6);
		if (mac_usable(d->nic.mac))
			return true;
	}
	low = reg_read(d, RAL0);
	high = reg_read(d, RAH0);
	memcpy(d->nic.mac, &low, 4);
	memcpy(d->nic.mac + 4, &high, 2);
	return mac_usable(d->nic.mac);
}

static bool reset(struct e1000 *d)
{
	reg_write(d, IMC, UINT32_MAX);
	reg_write(d, RCTL, 0);
	reg_write(d, TCTL, 0);
	reg_write(d, CTRL, reg_read(d, CTRL) | CTRL_RST);
	for (uint32_t us = 0; us < RESET_US; us += 100) {
		time_delay_us(100);
		if (!(reg_read(d, CTRL) & CTRL_RST)) {
			reg_write(d, IMC, UINT32_MAX);
			(void)reg_read(d, ICR);
			return true;
		}
	}
	return false;
}

static void rx_give(struct e1000 *d, uint32_t i)
{
	d->rx[i].address = (uint64_t)(uintptr_t)d->rx_buffer[i];
	d->rx[i].status = 0;
	d->rx[i].errors = 0;
	d->rx[i].length = 0;
}

static void rings_start(struct e1000 *d)
{
	uint64_t rx = (uint64_t)(uintptr_t)d->rx, tx = (uint64_t)(uintptr_t)d->tx;

	memset(d->tx, 0, RING * sizeof(d->tx[0]));
	for (uint32_t i = 0; i < RING; i++)
		rx_give(d, i);
	d->rx_next = d->rx_returned = 0;
	d->rx_held = d->rx_skip = false;
	d->tx_next = d->tx_clean = d->tx_tail = 0;
	d->hang_since_ns = 0;

	reg_write(d, RDBAL, (uint32_t)rx);
	reg_write(d, RDBAH, (uint32_t)(rx >> 32));
	reg_write(d, RDLEN, RING * sizeof(d->rx[0]));
	reg_write(d, RDH, 0);
	reg_write(d, RDT, RING - 1);
	reg_write(d, RDTR, 0);
	reg_write(d, RADV, 0);
	reg_write(d, TDBAL, (uint32_t)tx);
	reg_write(d, TDBAH, (uint32_t)(tx >> 32));
	reg_write(d, TDLEN, RING * sizeof(d->tx[0]));
	reg_write(d, TDH, 0);
	reg_write(d, TDT, 0);
	reg_write(d, TIDV, 0);
}

static void run(struct e1000 *d)
{
	uint32_t ctrl = reg_read(d, CTRL) & ~(CTRL_LRST | CTRL_PHY_RST | CTRL_VME | CTRL_ILOS);
	uint32_t low;
	uint16_t high;

	reg_write(d, CTRL, ctrl | CTRL_SLU | CTRL_ASDE);
	for (uint32_t i = 0; i < E1000_MTA_REGISTERS; i++)
		reg_write(d, MTA + 4 * i, 0);
	memcpy(&low, d->nic.mac, 4);
	memcpy(&high, d->nic.mac + 4, 2);
	reg_write(d, RAL0, low);
	reg_write(d, RAH0, high | RAH_AV);
	rings_start(d);
	reg_write(d, TIPG, TIPG_DEFAULT);
	reg_write(d, TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
	reg_write(d, RCTL, RCTL_EN | RCTL_BAM | RCTL_SECRC);
	reg_write(d, ITR, 0);
}

static uint8_t *op_send_buffer(struct nic *nic)
{
	struct e1000 *d = (struct e1000 *)nic;

	while (d->tx_clean != d->tx_tail && (*(volatile uint8_t *)&d->tx[d->tx_clean].status & TXD_STATUS_DD))
		d->tx_clean = (d->tx_clean + 1) % RING;
	if (d->gone)
		return NULL;
	if ((d->tx_next + 1) % RING == d->tx_clean) {
		nic->counters.send_full++;
		return NULL;
	}
	return d->tx_buffer[d->tx_next];
}

static void op_flush(struct nic *nic)
{
	struct e1000 *d = (struct e1000 *)nic;

	if (d->tx_tail == d->tx_next)
		return;
	d->tx_tail = d->tx_next;
	reg_write(d, TDT, d->tx_next);
}

static void op_send(struct nic *nic, size_t length)
{
	struct e1000 *d = (struct e1000 *)nic;

	d->tx[d->tx_next] = (struct e1000_tx_descriptor){
		.address = (uint64_t)(uintptr_t)d->tx_buffer[d->tx_next],
		.length = (uint16_t)length,
		.command = TXD_COMMAND_EOP | TXD_COMMAND_IFCS | TXD_COMMAND_RS,
	};
	d->tx_next = (d->tx_next + 1) % RING;
	nic->counters.sent++;
	/* A long burst starts on the wire before its end has been queued. */
	if ((d->tx_next - d->tx_tail) % RING >= RING / 8)
		op_flush(nic);
}

static void rx_return(struct e1000 *d)
{
	rx_give(d, d->rx_next);
	d->rx_next = (d->rx_next + 1) % RING;
	if (++d->rx_returned < RDT_BATCH)
		return;
	d->rx_returned = 0;
	reg_write(d, RDT, (d->rx_next + RING - 1) % RING);
}

/* Length of the good frame in descriptor @r, else 0 with the reason counted. */
static size_t rx_length(struct e1000 *d, const struct e1000_rx_descriptor *r)
{
	bool end = r->status & RXD_STATUS_EOP, skip = d->rx_skip;

	d->rx_skip = !end;
	if (!end || skip || r->length > NIC_FRAME_MAX || r->length < FRAME_MIN) {
		d->nic.counters.recv_malformed++;
		return 0;
	}
	if (r->errors) {
		d->nic.counters.recv_errors++;
		return 0;
	}
	return r->length;
}

static const uint8_t *op_recv(struct nic *nic, size_t *length)
{
	struct e1000 *d = (struct e1000 *)nic;

	if (d->rx_held)
		rx_return(d);
	d->rx_held = false;
	/* One turn of the ring at most: a chip that marks everything done can't hold us. */
	for (uint32_t i = 0; i < RING; i++) {
		volatile struct e1000_rx_descriptor *live = &d->rx[d->rx_next];
		struct e1000_rx_descriptor r;

		if (!(live->status & RXD_STATUS_DD))
			return NULL;
		barrier();
		r = d->rx[d->rx_next];
		*length = rx_length(d, &r);
		if (*length) {
			d->rx_held = true;
			nic->counters.received++;
			return d->rx_buffer[d->rx_next];
		}
		rx_return(d);
	}
	return NULL;
}

static bool op_link_up(struct nic *nic)
{
	struct e1000 *d = (struct e1000 *)nic;
	uint32_t status = reg_read(d, STATUS);

	if (status == UINT32_MAX && !d->gone)
		log_error("net", "%s: registers read as all ones, the card is gone", nic->name);
	d->gone = status == UINT32_MAX;
	return !d->gone && (status & STATUS_LU);
}

static void op_check(struct nic *nic, uint64_t now_ns)
{
	struct e1000 *d = (struct e1000 *)nic;
	uint32_t tdh;

	(void)op_send_buffer(nic);
	if (d->tx_clean == d->tx_tail || !op_link_up(nic)) {
		d->hang_since_ns = 0;
		return;
	}
	tdh = reg_read(d, TDH);
	if (!d->hang_since_ns || tdh != d->hang_tdh) {
		d->hang_since_ns = now_ns;
		d->hang_tdh = tdh;
		return;
	}
	if (now_ns - d->hang_since_ns < HANG_NS)
		return;
	log_warn("net", "%s: transmitter stands still at descriptor %u, restarting the card", nic->name, tdh);
	nic->counters.restarts++;
	if (!reset(d))
		log_error("net", "%s: reset does not end", nic->name);
	run(d);
}

static const struct nic_ops ops = {
	.send_buffer = op_send_buffer,
	.send = op_send,
	.flush = op_flush,
	.recv = op_recv,
	.link_up = op_link_up,
	.arm = op_arm,
	.check = op_check,
};

static bool memory_get(struct e1000 *d)
{
	d->rx = page_alloc();
	d->tx = page_alloc();
	if (!d->rx || !d->tx)
		return false;
	for (uint32_t i = 0; i < RING; i += 2) {
		d->rx_buffer[i] = page_alloc();
		d->tx_buffer[i] = page_alloc();
		if (!d->rx_buffer[i] || !d->tx_buffer[i])
			return false;
		d->rx_buffer[i + 1] = d->rx_buffer[i] + BUFFER_BYTES;
		d->tx_buffer[i + 1] = d->tx_buffer[i] + BUFFER_BYTES;
	}
	return true;
}

static void memory_put(struct e1000 *d)
{
	for (uint32_t i = 0; i < RING; i += 2) {
		if (d->rx_buffer[i])
			page_free(d->rx_buffer[i]);
		if (d->tx_buffer[i])
			page_free(d->tx_buffer[i]);
	}
	if (d->rx)
		page_free(d->rx);
	if (d->tx)
		page_free(d->tx);
	memset(d, 0, sizeof(*d));
}

static enum err bring_up(struct e1000 *d, const struct pci_function *f, struct why *why)
{
	uint16_t command = pci_read16(f, PCI_COMMAND);

	d->base = pci_bar_map(f, 0, E1000_REGISTER_BYTES);
	if (!d->base) {
		why_set(why, "%s: firmware gave its registers (BAR0) no memory address", d->nic.name);
		return ERR_IO;
	}
	pci_write16(f, PCI_COMMAND, (uint16_t)((command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER) &
					       ~PCI_COMMAND_INTX_OFF));
	if (!reset(d)) {
		why_set(why, "%s: reset does not end", d->nic.name);
		return ERR_IO;
	}
	if (!mac_read(d)) {
		why_set(why, "%s: neither the EEPROM nor RAL/RAH holds a usable MAC address", d->nic.name);
		return ERR_IO;
	}
	if (!memory_get(d)) {
		why_set(why, "%s: no memory for %u descriptors and buffers", d->nic.name, 2 * RING);
		return ERR_NOMEM;
	}
	run(d);
	if (f->interrupt_pin && f->interrupt_line < 16)
		irq_register(f->interrupt_line, on_interrupt, d);
	else
		log_warn("net", "%s: no 8259 line, frames are seen only when something else wakes the host",
			 d->nic.name);
	return ERR_OK;
}

enum err e1000_start(const struct pci_function *f, const struct nic_driver *driver, struct nic **out, struct why *why)
{
	struct e1000 *d = &card;
	enum err e;

	if (d->nic.ops) {
		why_set(why, "a second %s is not used", driver->name);
		return ERR_STATE;
	}
	d->nic.ops = &ops;
	d->nic.name = driver->name;
	d->eerd_layout = driver->variant;
	e = bring_up(d, f, why);
	if (e != ERR_OK) {
		memory_put(d);
		return e;
	}
	*out = &d->nic;
	return ERR_OK;
}
