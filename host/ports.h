/* SPDX-License-Identifier: MIT */
/* ports.h: who is listened to: the ports of CIM, consoles and migration, each with who may connect. */
#pragma once
#include "config/config.h"
#include "lib/channel.h"

/* After net_start and moves_init. Connections of management are @cim's and @console's. A port that is taken
 * is logged, and the others serve. */
void ports_open(const struct config *config, void (*cim)(struct channel *ch), void (*console)(struct channel *ch));
