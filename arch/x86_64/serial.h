/* SPDX-License-Identifier: MIT */
/* serial.h: the host's COM1, output only, where the log goes. At 115200 baud a line takes milliseconds, which
 * nobody may wait for while a guest stands still. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Programs 115200 8N1. Harmless where there is no UART. */
void serial_init(void);
/* Before serial_defer it waits for the UART, at most some 10 ms per byte, so that a missing or stuck one can't stop
 * Tern. After it nobody waits: lines go to a ring that serial_poll empties. Those that find it full are lost and
 * counted, also those that come before half of it is free again; then their number is written. */
void serial_write(const char *text, size_t length);
void serial_defer(void);
/* Hands the UART as much as it takes now; true while bytes are left. */
bool serial_poll(void);
/* Waits until the ring is empty, and for every byte from now on: for a panic. */
void serial_flush(void);
