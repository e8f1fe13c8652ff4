/* SPDX-License-Identifier: MIT */
/* smash.c: Tern's own code writes past the end of an array on its stack, over the return address. */
#include <string.h>
#include "lib/log.h"
#include "tests/machine/machine.h"

#define BYTES 16u

static char sum(const char *text)
{
	char c = 0;

	while (*text)
		c = (char)(c + *text++);
	return c;
}

/* The length is nothing that the compiler knows. */
static __attribute__((noinline)) char copy_words(const char *words, size_t length)
{
	char text[BYTES];

	memset(text, 'A', length);
	text[BYTES - 1] = 0;
	return sum(text) == sum(words) ? 'y' : 'n';
}

void smash_run(struct machine_test *t, const char *words)
{
	size_t length = BYTES + 6 * sizeof(uint64_t);	/* the guard, saved registers, where to return to */

	(void)t;
	__asm__("" : "+r"(length));
	log_info("machine", "an array of %u bytes is about to be overrun", BYTES);
	log_info("machine", "nobody noticed (%c)", copy_words(words, length));
}
