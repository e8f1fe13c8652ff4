/* SPDX-License-Identifier: MIT */
/* host.h: who this host is, fixed at boot. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/config.h"
#include "lib/why.h"

struct host_info {
	const struct config *config;
	char name[64];
	uint8_t uuid[16];
	uint8_t boot_id[16];
	bool can_run_vms;
	char why_not[WHY_TEXT];
};

/* Reads the configuration and turns VT-x on; logs what is missing, line by line. */
void host_init(const struct config *config);
const struct host_info *host_info(void);
