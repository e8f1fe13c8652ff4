/* SPDX-License-Identifier: MIT */
/* mof.h: the instance declarations of MOF (DSP0004, annex "MOF grammar"), as far as clients send them. */
#pragma once
#include "embedded.h"

/* Parses "instance of CLASS { NAME = VALUE; ... };" into @out, which is empty. */
enum err mof_parse(const char *text, struct embedded *out, struct why *why) NODISCARD;
