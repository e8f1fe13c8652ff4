/* SPDX-License-Identifier: MIT */
/* err.h: the one error enumeration of Tern, and the attribute that makes callers look at it. */
#pragma once

#define NODISCARD __attribute__((warn_unused_result))

/* Step functions return ERR_OK when they are done, ERR_AGAIN when they want to be called
 * again after an event, anything else when they have failed for good. */
#define ERR_TABLE(E) \
	E(ERR_OK,          "ok") \
	E(ERR_AGAIN,       "not finished, call again after an event") \
	E(ERR_NOMEM,       "out of memory") \
	E(ERR_INVALID,     "malformed or impossible argument") \
	E(ERR_RANGE,       "value out of range") \
	E(ERR_SPACE,       "buffer or table too small") \
	E(ERR_SHORT,       "input ends too early") \
	E(ERR_UNKNOWN,     "unknown mandatory item") \
	E(ERR_VERSION,     "version not supported") \
	E(ERR_CORRUPT,     "checksum or digest differs") \
	E(ERR_TIMEOUT,     "no answer in time") \
	E(ERR_CLOSED,      "peer closed the connection") \
	E(ERR_IO,          "connection or device failed") \
	E(ERR_REFUSED,     "peer refused") \
	E(ERR_STATE,       "not possible in this state") \
	E(ERR_UNSUPPORTED, "not supported here") \
	E(ERR_NOTFOUND,    "not found") \
	E(ERR_EXISTS,      "exists already")

#define ERR_ENUM(name, text) name,
enum err { ERR_TABLE(ERR_ENUM) };
#undef ERR_ENUM

/* The meaning of @e as a short phrase; never NULL. */
const char *err_text(enum err e);
