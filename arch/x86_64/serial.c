/* SPDX-License-Identifier: MIT */
#include "serial.h"
#include "arch/x86_64/io.h"
#include "lib/fmt.h"
#include "lib/spin.h"

#define COM1	0x3f8
#define LCR	3
#define LSR	5
#define THRE	0x20
#define SPINS	20000
#define FIFO_BYTES	16
#define RING_BYTES	16384u

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

static char ring[RING_BYTES];
static unsigned head, tail;	/* counts of bytes in and out */
static unsigned lost;		/* lines since the ring was full; none is taken until half of it is free */
static bool deferred;
static struct spin lock;

static void put(char c)
{
	for (int i = 0; i < SPINS && !(in8(COM1 + LSR) & THRE); i++)
		;
	out8(COM1, (unsigned char)c);
}

static void queue(char c)
{
	if (deferred)
		ring[head++ % RING_BYTES] = c;
	else
		put(c);
}

static void queue_text(const char *text, size_t length)
{
	for (; length--; text++) {
		if (*text == '\n')
			queue('\r');
		queue(*text);
	}
}

/* All of it or nothing: half a line would be taken for a whole one. */
static bool fits(const char *text, size_t length)
{
	size_t bytes = length;

	for (size_t i = 0; i < length; i++)
		bytes += text[i] == '\n';
	return !deferred || (!lost && bytes <= RING_BYTES - (head - tail));
}

static void tell_lost(void)
{
	char text[80];
	int n = fmt(text, sizeof(text), "%u lines of the log were lost: more came than COM1 takes\n", lost);

	lost = 0;
	queue_text(text, (size_t)n);
}

void serial_write(const char *text, size_t length)
{
	spin_lock(&lock);
	if (fits(text, length))
		queue_text(text, length);
	else
		lost++;
	spin_unlock(&lock);
}

void serial_defer(void)
{
	deferred = true;
}

bool serial_poll(void)
{
	bool left;

	spin_lock(&lock);
	if (head != tail && (in8(COM1 + LSR) & THRE))
		for (int i = 0; i < FIFO_BYTES && head != tail; i++)
			out8(COM1, (unsigned char)ring[tail++ % RING_BYTES]);
	if (lost && head - tail <= RING_BYTES / 2)
		tell_lost();
	left = head != tail;
	spin_unlock(&lock);
	return left;
}

void serial_flush(void)
{
	deferred = false;
	lock.held = false;	/* whoever held it will not come back */
	while (head != tail)
		put(ring[tail++ % RING_BYTES]);
	if (lost)
		tell_lost();
}
