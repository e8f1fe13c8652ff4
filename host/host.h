/* SPDX-License-Identifier: MIT */
/* host.h: who this host is, fixed at boot. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/boot.h"
#include "arch/x86_64/dirty.h"
#include "config/config.h"
#include "lib/why.h"
#include "migration/policy.h"

struct host_info {
	const struct config *config;
	char name[64];
	uint8_t uuid[16];
	uint8_t boot_id[16];
	enum dirty_kind tracker;	/* that tern.conf wants for guests */
	enum mig_stuck stuck;		/* what it has become of a migration that does not converge */
	bool can_run_vms;
	char why_not[WHY_TEXT];
	uint64_t unused_bytes;		/* of RAM */
	uint32_t unused_cpus;
	struct why_list limits;		/* what is not used, and what is missing */
};

/* Reads the configuration, notes what of the machine is not used, and turns virtualization on; logs what that lacks,
 * line by line. After smp_start. */
void host_init(const struct boot_info *boot);
const struct host_info *host_info(void);
