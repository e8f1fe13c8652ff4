/* SPDX-License-Identifier: MIT */
/* early.h: memory that is Tern's own since before ExitBootServices. Page tables, stacks and descriptor tables come from
 * it: the firmware's page tables, which may be write-protected and lie anywhere in memory of boot services, still hold
 * until Tern's do. */
#pragma once
#include <stdint.h>

/* @start page-aligned. Called once. */
void early_init(uint64_t start, uint64_t bytes);
/* Zeroed, page-aligned, never given back; NULL when it is out. On the boot CPU. */
void *early_alloc(uint64_t bytes);
