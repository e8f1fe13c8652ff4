/* SPDX-License-Identifier: MIT */
/* libc.h: the ground that newlib stands on. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Gives malloc its heap; before the first malloc. */
void libc_init(uint64_t start, uint64_t bytes);
