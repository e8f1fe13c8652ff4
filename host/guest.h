/* SPDX-License-Identifier: MIT */
/* guest.h: a VM seen through the migration core's guest seam. */
#pragma once
#include "hv/vm.h"
#include "migration/guest.h"

/* The seam of a VM that runs here, or is off and vms_restartable; one object per VM slot. */
struct mig_guest *guest_of(struct vm *vm);
/* @vm has stopped or crashed, and its migration was told: what was tracked of it ended with it. */
void guest_ended(struct vm *vm);
/* Everything that keeps @def from running here. */
void guest_check(const struct mig_definition *def, struct why_list *reasons);
/* An incoming VM made from @def; NULL with every reason. */
struct mig_guest *guest_create(const struct mig_definition *def, struct why_list *reasons);
