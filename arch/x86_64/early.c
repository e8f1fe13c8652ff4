/* SPDX-License-Identifier: MIT */
#include "early.h"
#include <stddef.h>
#include <string.h>
#include "lib/addr.h"

static uint64_t next, end;

void early_init(uint64_t start, uint64_t bytes)
{
	next = start;
	end = start + bytes;
}

void *early_alloc(uint64_t bytes)
{
	void *p = (void *)next;

	bytes = (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	if (!bytes || bytes > end - next)
		return NULL;
	next += bytes;
	return memset(p, 0, bytes);
}
