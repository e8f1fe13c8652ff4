/* SPDX-License-Identifier: MIT */
/* arrival.h: a machine that is to come from another host: may it run here, and its place. */
#pragma once
#include "migration/guest.h"

/* Everything that keeps @def from running here. */
void arrival_check(const struct mig_definition *def, struct why_list *reasons);
/* An incoming VM made from @def; NULL with every reason. */
struct mig_guest *arrival_create(const struct mig_definition *def, struct why_list *reasons);
