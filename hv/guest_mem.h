/* SPDX-License-Identifier: MIT */
/* guest_mem.h: host accesses to guest memory; the one way in which the host writes to a guest. */
#pragma once
#include <stdint.h>
#include "lib/addr.h"
#include "lib/err.h"

struct vm;

/* Each checks that [@at, @at + @bytes) is RAM of @vm (ERR_RANGE, without effect) and makes it present
 * (ERR_NOMEM); the writers mark its pages dirty for the tracker. */
enum err guest_write(struct vm *vm, gpa_t at, const void *from, uint64_t bytes) NODISCARD;
enum err guest_read(struct vm *vm, gpa_t at, void *to, uint64_t bytes) NODISCARD;
enum err guest_zero(struct vm *vm, gpa_t at, uint64_t bytes) NODISCARD;
