/* SPDX-License-Identifier: MIT */
#include "ipv4.h"
#include "fmt.h"

void ipv4_text(uint32_t ipv4, char out[IPV4_TEXT])
{
	fmt(out, IPV4_TEXT, "%u.%u.%u.%u", ipv4 >> 24, ipv4 >> 16 & 255, ipv4 >> 8 & 255, ipv4 & 255);
}

bool ipv4_parse(const char *text, uint32_t *out)
{
	uint32_t ipv4 = 0;

	for (int part = 0; part < 4; part++) {
		const char *start = text;
		unsigned v = 0;

		for (; *text >= '0' && *text <= '9' && text - start < 4; text++)
			v = v * 10 + (unsigned)(*text - '0');
		if (text == start || v > 255 || (*start == '0' && text - start > 1) || *text++ != (part < 3 ? '.' : 0))
			return false;
		ipv4 = ipv4 << 8 | v;
	}
	*out = ipv4;
	return true;
}
