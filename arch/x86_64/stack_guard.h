/* SPDX-License-Identifier: MIT */
/* stack_guard.h: the value that the compiler (-fstack-protector-strong) puts between a function's arrays and its return
 * address. */
#pragma once

/*
 * Draws it anew from lib/random.h; until then it is the same at every boot. Whatever function is running at this moment
 * must never return, or be STACK_UNGUARDED; so it is called once, by one that never ends, before other processors
 * start.
 */
void stack_guard_draw(void);

#define STACK_UNGUARDED __attribute__((no_stack_protector))
