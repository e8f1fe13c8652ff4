/* SPDX-License-Identifier: MIT */
/* methods.h: the extrinsic methods: a table of what can be invoked, and the writers for return values. */
#pragma once
#include "call.h"
#include "lib/err.h"

/* Runs the METHODCALL of @c: ERR_OK when answered or failed, ERR_AGAIN when it waits. */
enum err methods_run(struct call *c) NODISCARD;
enum err methods_poll(struct call *c) NODISCARD;
void methods_drop(struct call *c);

/* --- for the methods: first the return value, then the OUT parameters that are not NULL --------- */
void method_return(struct call *c, uint32_t value);
/* Returns @value with one reason; false, for those who are asked whether to go on. */
__attribute__((format(printf, 3, 4)))
bool method_refuse(struct call *c, uint32_t value, const char *format, ...);
void method_out_bool(struct call *c, const char *name, bool value);
void method_out_str(struct call *c, const char *name, const char *value);
void method_out_job(struct call *c, uint32_t job);
void method_out_reasons(struct call *c, const struct why_list *reasons);
/* Fails the call: @what, which it was to be done to, is there no more. ERR_OK, as methods return then. */
enum err method_gone(struct call *c, const char *what);
