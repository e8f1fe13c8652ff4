/* SPDX-License-Identifier: MIT */
/* slices.h: the guests' part of a turn: a slice for each that wants the CPU, and what it asks for at its end. */
#pragma once
#include "host/share.h"

/* True if a guest would go on at once; *@deadline_ns is lowered to when the next one wants to. */
bool slices_run(struct share *share, bool stands, uint64_t *deadline_ns);
