/* SPDX-License-Identifier: MIT */
/* uart.h: the 16550A at COM1 (PC16550D datasheet). It sends at once, into the console ring. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define UART_PORT	0x3F8u
#define UART_RX		256u	/* bytes of the receive queue, of which one stays free */

#define UART_TABLE(F, A) \
	F(1,  1, uint8_t, dll, 0xFF, "divisor latch, low") \
	F(2,  1, uint8_t, dlm, 0xFF, "divisor latch, high") \
	F(3,  1, uint8_t, ier, 0xF, "interrupt enable") \
	F(4,  1, uint8_t, fcr, 0xC9, "FIFO control") \
	F(5,  1, uint8_t, lcr, 0xFF, "line control") \
	F(6,  1, uint8_t, mcr, 0x1F, "modem control") \
	F(7,  1, uint8_t, scr, 0xFF, "scratch") \
	F(8,  1, uint8_t, lsr_errors, 0x1E, "overrun, parity, framing, break until LSR is read") \
	F(9,  1, uint8_t, msr_delta, 0xF, "modem input changes until MSR is read") \
	F(10, 1, uint8_t, thre_pending, 1, "transmitter-empty interrupt not yet acknowledged") \
	F(11, 1, uint8_t, rx_head, 0xFF, "oldest byte of the receive queue") \
	F(12, 1, uint8_t, rx_count, 0xFF, "bytes in it") \
	A(13, 1, uint8_t, rx, UART_RX, 0xFF, "receive queue: the chip's FIFO and what waits behind it")
STATE_STRUCT(uart_state, UART_TABLE)

struct uart { struct uart_state s; };

extern const struct device uart_device;

/* Queues bytes for the guest; returns how many fitted. */
size_t uart_receive(struct machine *m, const void *data, size_t length);
