/* SPDX-License-Identifier: MIT */
/* prov_assoc.h: the associations, each the product of two providers, filtered where need be. */
#pragma once
#include "provider.h"

/* All of them, NULL at the end. */
const struct provider *link_at(unsigned n);
/* Fills @out with pair @index of @l's ends; false if they are not linked. */
bool link_get(const struct link *l, unsigned index, struct inst *out);
