/* SPDX-License-Identifier: MIT */
/* autostart.h: machines that this host starts by itself, once no other host that it knows runs them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "config/config.h"
#include "hv/vm.h"

/* Every [vm] that is marked autostart: started at once where this host knows no other, else when all have said that
 * it is not there. */
void autostart_init(const struct config *config);
/* Asks on, and starts what may be started; to be called at least every second. *@deadline_ns is lowered to when there
 * is more to do. */
void autostart_step(uint64_t now_ns, uint64_t *deadline_ns);
/* Is @vm to be started by itself yet? */
bool autostart_waits(const struct vm *vm);
