/* SPDX-License-Identifier: MIT */
#include "serial.h"
#include "io.h"

#define COM1	0x3f8
#define LCR	3
#define LSR	5
#define THRE	0x20
#define SPINS	20000

void serial_init(void)
{
	out8(COM1 + 1, 0);		/* no interrupts */
	out8(COM1 + LCR, 0x80);		/* DLAB */
	out8(COM1 + 0, 1);		/* 115200 */
	out8(COM1 + 1, 0);
	out8(COM1 + LCR, 0x03);		/* 8N1 */
	out8(COM1 + 2, 0x07);		/* FIFOs on and empty */
	out8(COM1 + 4, 0x03);		/* DTR, RTS */
}

static void put(char c)
{
	for (int i = 0; i < SPINS && !(in8(COM1 + LSR) & THRE); i++)
		;
	out8(COM1, (unsigned char)c);
}

void serial_write(const char *text, size_t length)
{
	while (length--) {
		if (*text == '\n')
			put('\r');
		put(*text++);
	}
}
