/* SPDX-License-Identifier: MIT */
/* mof.h: the instance declarations of MOF (DSP0004, annex "MOF grammar"), as far as clients send them. */
#pragma once
#include "embedded.h"

/* Parses "instance of CLASS { NAME = VALUE; ... };" into @out, which is empty. */
enum err mof_parse(const char *text, struct embedded *out, struct why *why) NODISCARD;
/* For parsers: adds a property; NULL @value for no value. False if there is no room. */
bool embedded_add(struct embedded *e, const char *name, size_t name_length, const char *value, size_t value_length);
