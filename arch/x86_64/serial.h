/* SPDX-License-Identifier: MIT */
/* serial.h: the host's COM1, output only, where the log goes. */
#pragma once
#include <stddef.h>

/* Programs 115200 8N1. Harmless where there is no UART. */
void serial_init(void);
/* Waits at most some 10 ms per byte, so a missing or stuck UART can't stop Tern. */
void serial_write(const char *text, size_t length);
