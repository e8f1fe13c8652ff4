/* SPDX-License-Identifier: MIT */
/* uart.c: the 16550A's registers and interrupt. */
#include "hv/dev/uart.h"
#include <string.h>
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, uart_state, UART_TABLE, .name = "uart", .type = 0x0105, .version = 1);

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };
enum { IER_RX = 1, IER_THRE = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { IIR_MODEM = 0, IIR_NONE = 1, IIR_THRE = 2, IIR_RX = 4, IIR_LINE = 6, IIR_TIMEOUT = 0xC, IIR_FIFO = 0xC0 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_DMA = 8, FCR_TRIGGER = 0xC0 };
enum { LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10 };
enum { LSR_READY = 1, LSR_OVERRUN = 2, LSR_THRE = 0x20, LSR_IDLE = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };
#define FIFO 16u

static unsigned trigger(const struct uart_state *s)
{
	static const uint8_t level[4] = { 1, 4, 8, 14 };

	return s->fcr & FCR_ENABLE ? level[s->fcr >> 6] : 1;
}

/* The interrupt identification by priority: line status, received data, transmitter, modem. */
static uint8_t identify(const struct uart_state *s)
{
	if ((s->ier & IER_LINE) && s->lsr_errors)
		return IIR_LINE;
	if ((s->ier & IER_RX) && s->rx_count)
		return s->rx_count >= trigger(s) ? IIR_RX : IIR_TIMEOUT;
	if ((s->ier & IER_THRE) && s->thre_pending)
		return IIR_THRE;
	if ((s->ier & IER_MODEM) && s->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void set_irq(struct machine *m)
{
	const struct uart_state *s = &m->uart.s;

	/* On a PC, OUT2 opens the gate between the chip and the interrupt line; loopback closes it. */
	machine_irq(m, GSI_UART, identify(s) != IIR_NONE && (s->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2);
}

/* Modem inputs: a terminal that is always there, or in loopback the chip's own outputs. */
static uint8_t modem_inputs(const struct uart_state *s)
{
	if (!(s->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (uint8_t)((s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
			 (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

/* --- bytes in and out ------------------------------------------------------------------------------- */

static bool enqueue(struct uart_state *s, uint8_t byte)
{
	if (s->rx_count == UART_RX - 1)
		return false;
	s->rx[(s->rx_head + s->rx_count) % UART_RX] = byte;
	s->rx_count++;
	return true;
}

static uint8_t dequeue(struct uart_state *s)
{
	uint8_t byte = s->rx[s->rx_head];

	if (s->rx_count == 0)
		return 0;
	s->rx_head = (uint8_t)((s->rx_head + 1) % UART_RX);
	s->rx_count--;
	return byte;
}

static void transmit(struct machine *m, uint8_t byte)
{
	struct uart_state *s = &m->uart.s;

	if (!(s->mcr & MCR_LOOP))
		console_put(m, byte);
	else if (!enqueue(s, byte))
		s->lsr_errors |= LSR_OVERRUN;
	s->thre_pending = 1;	/* the byte is out already */
}

size_t uart_receive(struct machine *m, const void *data, size_t length)
{
	const uint8_t *byte = data;
	size_t taken = 0;

	while (taken < length && enqueue(&m->uart.s, byte[taken]))
		taken++;
	set_irq(m);
	return taken;
}

/* --- registers -------------------------------------------------------------------------------------- */

static uint8_t read_lsr(struct uart_state *s)
{
	uint8_t value = (uint8_t)(LSR_THRE | LSR_IDLE | s->lsr_errors | (s->rx_count ? LSR_READY : 0));

	s->lsr_errors = 0;
	return value;
}

static uint8_t read_msr(struct uart_state *s)
{
	uint8_t value = (uint8_t)(modem_inputs(s) | s->msr_delta);

	s->msr_delta = 0;
	return value;
}

static uint8_t read_iir(struct uart_state *s)
{
	uint8_t id = identify(s);

	if (id == IIR_THRE)
		s->thre_pending = 0;
	return (uint8_t)(id | (s->fcr & FCR_ENABLE ? IIR_FIFO : 0));
}

static uint8_t read_reg(struct uart_state *s, unsigned reg)
{
	bool dlab = s->lcr & LCR_DLAB;

	switch (reg) {
	case DATA:
		return dlab ? s->dll : dequeue(s);
	case IER:
		return dlab ? s->dlm : s->ier;
	case IIR_FCR:
		return read_iir(s);
	case LCR:
		return s->lcr;
	case MCR:
		return s->mcr;
	case LSR:
		return read_lsr(s);
	case MSR:
		return read_msr(s);
	default:
		return s->scr;
	}
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	uint8_t value = read_reg(&m->uart.s, port & 7);

	(void)size;
	set_irq(m);
	return value;
}

static void write_fcr(struct uart_state *s, uint8_t value)
{
	bool toggled = (s->fcr ^ value) & FCR_ENABLE;

	s->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_DMA | FCR_TRIGGER) : 0;
	if (!toggled && !(value & FCR_CLEAR_RX))
		return;
	/* Only what is in the chip goes; what waits behind it comes after. */
	for (unsigned i = 0; i < FIFO && s->rx_count; i++)
		dequeue(s);
}

static void write_mcr(struct uart_state *s, uint8_t value)
{
	uint8_t was = modem_inputs(s), changed;

	s->mcr = value & 0x1F;
	changed = was ^ modem_inputs(s);
	/* Delta bits are the inputs shifted down; RI counts only its fall. */
	if ((changed & MSR_RI) && !(was & MSR_RI))
		changed &= (uint8_t)~MSR_RI;
	s->msr_delta |= changed >> 4;
}

static void write_ier(struct uart_state *s, uint8_t value)
{
	/* Enabling the transmitter interrupt while empty raises it at once; Linux tests for that. */
	if (~s->ier & value & IER_THRE)
		s->thre_pending = 1;
	s->ier = value & 0xF;
}

static void out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	struct uart_state *s = &m->uart.s;
	bool dlab = s->lcr & LCR_DLAB;
	uint8_t byte = (uint8_t)value;

	(void)size;
	switch (port & 7) {
	case DATA:
		if (dlab)
			s->dll = byte;
		else
			transmit(m, byte);
		break;
	case IER:
		if (dlab)
			s->dlm = byte;
		else
			write_ier(s, byte);
		break;
	case IIR_FCR:
		write_fcr(s, byte);
		break;
	case LCR:
		s->lcr = byte;
		break;
	case MCR:
		write_mcr(s, byte);
		break;
	case SCR:
		s->scr = byte;
		break;
	}
	set_irq(m);
}

static void reset(struct machine *m)
{
	struct uart_state *s = &m->uart.s;

	memset(s, 0, sizeof(*s));
	s->dll = 1;	/* 115200 baud, 8N1, as firmware leaves it */
	s->lcr = 3;
}

static void acpi(struct acpi_parts *a)
{
	a->fadt[FADT_BOOT_ARCH] |= BOOT_LEGACY;
}

static const struct device_ports ports[] = {
	{ UART_PORT, UART_PORT + 7, 1, CHANGES_NOTHING, in, out },
};

/* It takes whatever its rows allow: the queue's indices wrap at their type. */
const struct device uart_device = {
	.desc = &desc, .at = offsetof(struct machine, uart.s), .records = 1, .reset = reset, DEVICE_PORTS(ports),
	.acpi = acpi,
};
