/* SPDX-License-Identifier: MIT */
/* fake_log.h: how much the log of unit tests was told. */
#pragma once

extern unsigned fake_log_warnings;
