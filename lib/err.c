/* SPDX-License-Identifier: MIT */
#include "err.h"

const char *err_text(enum err e)
{
	switch (e) {
#define ERR_CASE(name, text) case name: return text;
	ERR_TABLE(ERR_CASE)
#undef ERR_CASE
	}
	return "unknown error";
}
