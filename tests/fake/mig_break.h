/* SPDX-License-Identifier: MIT */
/* mig_break.h: moves between the hosts of mig_pair.h that are broken at a chosen point. */
#pragma once
#include "mig_pair.h"

/* Moves web1 from host 0 until end @from (0: the source) sends a record of @type, which is lost with the link; then the hosts
 * can't reach each other for 2 s and more, until break_heal. Returns the job's number. */
uint32_t break_at_record(struct pair *p, int from, uint16_t type);
/* They can again, and have @ns. */
void break_heal(struct pair *p, uint64_t ns);
/* The newest job of host @number. */
const struct mig_job *break_job(const struct pair *p, int number);
/* Is web1 held back on host @number? @why says why. */
bool break_held(const struct pair *p, int number, struct why *why);
