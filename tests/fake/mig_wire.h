/* SPDX-License-Identifier: MIT */
/* mig_wire.h: looks at bytes of a migration connection as the wire spec lays them out. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct wire_record { size_t at, length; uint16_t type; };	/* length: header and body */

/* Finds up to @room records in @bytes; returns how many are whole. */
unsigned wire_records(const uint8_t *bytes, size_t length, struct wire_record *out, unsigned room);
/* Makes the CRC of the record at @record right again. */
void wire_seal(uint8_t *record);
