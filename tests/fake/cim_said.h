/* SPDX-License-Identifier: MIT */
/* cim_said.h: what an answer has and what it lacks, for unit tests of cim. */
#pragma once
#include <criterion/criterion.h>
#include <string.h>
#include "fake_cim_client.h"

static inline void has(const char *text, const char *part)
{
	cr_expect(strstr(text, part), "expected %s in: %s", part, text);
}

static inline void lacks(const char *text, const char *part)
{
	cr_expect(!strstr(text, part), "unexpected %s in: %s", part, text);
}
