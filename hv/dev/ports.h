/* SPDX-License-Identifier: MIT */
/* ports.h: the odd ports of a PC: POST code, keyboard controller reset, fast reset. They hold no state. */
#pragma once

struct device;

extern const struct device ports_device;
