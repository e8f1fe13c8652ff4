/* SPDX-License-Identifier: MIT */
/* fuzz_input.h: the bytes of a fuzzer, taken one after the other; what isn't there any more is 0. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct input { const uint8_t *at; size_t left; };

static inline uint8_t input_u8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t input_u16(struct input *in)
{
	uint16_t v = input_u8(in);

	return (uint16_t)(v | input_u8(in) << 8);
}

/* The next bytes, @most or what there is: *length. */
static inline const uint8_t *input_bytes(struct input *in, size_t most, size_t *length)
{
	const uint8_t *bytes = in->at;

	*length = in->left < most ? in->left : most;
	in->at += *length;
	in->left -= *length;
	return bytes;
}
