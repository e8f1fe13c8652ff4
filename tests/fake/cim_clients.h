/* SPDX-License-Identifier: MIT */
/* cim_clients.h: the CIM server and connections to it whose far ends are the test, for unit tests. */
#pragma once
#include <stdlib.h>
#include "cim/server.h"
#include "fake_cim_channel.h"
#include "fake_manage.h"

static const struct cim_config defaults;
static struct fake_channel *client[20];
static unsigned clients;

/* Before a test, and after it, so that the leak check sees what is left. */
static inline void server_fresh(void)
{
	fake_manage_reset();
	cim_server_init(&defaults);
}

static inline void server_gone(void)
{
	cim_server_init(&defaults);
	while (clients)
		free(client[--clients]);
}

static inline struct fake_channel *connect_from(uint32_t address)
{
	struct fake_channel *f = fake_channel_new();

	f->ch.peer_ipv4 = address;
	client[clients++] = f;
	cim_server_accept(&f->ch);
	return f;
}

/* From nowhere, so that nobody holds too much. */
static inline struct fake_channel *connect_one(void)
{
	return connect_from(0);
}
