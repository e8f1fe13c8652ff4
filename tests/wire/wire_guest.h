/* SPDX-License-Identifier: MIT */
/* wire_guest.h: fake guests whose state image is a run of state records, as a real machine's is. */
#pragma once
#include "tests/fake/mig_pair.h"

/* Host a's guest and those that come to host b get such images: two records and @blobs large ones. */
void wire_guests(struct pair *p, unsigned blobs);
