/* SPDX-License-Identifier: MIT */
#include "host/ports.h"
#include "host/moves.h"
#include "lib/log.h"
#include "net/tcp_channel.h"

static void listen_on(const char *what, uint16_t port, void (*accept)(struct channel *ch))
{
	enum err e = tcp_channel_listen(port, accept);

	if (e == ERR_OK)
		log_info("net", "%s listens on port %u", what, port);
	else
		log_error("net", "%s can't listen on port %u: %s", what, port, err_text(e));
}

void ports_open(const struct config *config, void (*cim)(struct channel *ch), void (*console)(struct channel *ch))
{
	listen_on("CIM", config->cim_port, cim);
	listen_on("console", config->console_port, console);
	listen_on("migration", config->migration_port, moves_accept);
	/* The migration port answers whom it refuses, so that a move is refused by name (moves_host.c). */
	tcp_channel_admit(config->cim_port, config->cim_from.ipv4, config->cim_from.mask);
	tcp_channel_admit(config->console_port, config->console_from.ipv4, config->console_from.mask);
}
