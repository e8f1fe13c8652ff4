/* SPDX-License-Identifier: MIT */
/* moves_host.h: this host as the migration service sees it (migration/host.h). */
#pragma once
#include "migration/host.h"

/* After host_init and store_init. */
void moves_host_get(struct mig_host *out);
