/* SPDX-License-Identifier: MIT */
/* services.h: what the boot CPU does for ever: network, CIM, consoles, migrations, vCPU slices, idle. */
#pragma once
#include "config/config.h"

/* Starts network and listeners; every failure is logged and the rest goes on. */
void services_init(const struct config *config);
void services_run(void) __attribute__((noreturn));
