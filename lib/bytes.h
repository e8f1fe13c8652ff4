/* SPDX-License-Identifier: MIT */
/* bytes.h: little-endian loads and stores at any alignment. */
#pragma once
#include <stdint.h>
#include <string.h>

static inline uint16_t le16_get(const void *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static inline uint32_t le32_get(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static inline uint64_t le64_get(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline void le16_put(void *p, uint16_t v) { memcpy(p, &v, 2); }
static inline void le32_put(void *p, uint32_t v) { memcpy(p, &v, 4); }
static inline void le64_put(void *p, uint64_t v) { memcpy(p, &v, 8); }
