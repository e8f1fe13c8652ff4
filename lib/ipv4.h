/* SPDX-License-Identifier: MIT */
/* ipv4.h: IPv4 addresses, in host byte order, as people write them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define IPV4_TEXT 16

/* "10.77.0.3" into @out. */
void ipv4_text(uint32_t ipv4, char out[IPV4_TEXT]);
/* Four decimal numbers without leading zeros (some take those for octal), and nothing else; otherwise false, and @out
 * is as it was. */
bool ipv4_parse(const char *text, uint32_t *out);
