/* SPDX-License-Identifier: MIT */
/* addr.h: guest- and host-physical addresses as types that can't be mixed up, and page arithmetic. */
#pragma once
#include <stdint.h>

typedef struct { uint64_t v; } gpa_t;	/* guest-physical address */
typedef struct { uint64_t v; } hpa_t;	/* host-physical address; host virtual = host physical in Tern */

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ull
#define CHUNK_SHIFT	21
#define CHUNK_SIZE	(2ull << 20)	/* a chunk is one 2 MiB EPT leaf */
#define CHUNK_PAGES	512u

static inline gpa_t gpa(uint64_t v) { return (gpa_t){ v }; }
static inline hpa_t hpa(uint64_t v) { return (hpa_t){ v }; }
