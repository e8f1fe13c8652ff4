/* SPDX-License-Identifier: MIT */
/* manage_host.c: manage.h for the host: what it is and has, its network, its clocks, its peers. */
#include "host/manage.h"
#include <string.h>
#include <strings.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "host/host.h"
#include "host/moves.h"
#include "host/store.h"
#include "hv/vm.h"
#include "lib/fmt.h"
#include "lib/pages.h"
#include "lib/random.h"
#include "lib/uuid.h"
#include "net/net.h"

void manage_host_get(struct manage_host *out)
{
	const struct host_info *host = host_info();

	memset(out, 0, sizeof(*out));
	fmt(out->name, sizeof(out->name), "%s", host->name);
	uuid_text(host->uuid, out->uuid);
	uuid_text(host->boot_id, out->boot_id);
	fmt(out->version, sizeof(out->version), "%s", TERN_VERSION);
	out->ipv4 = net_ipv4();
	out->memory_bytes = pages_total_bytes();
	out->free_bytes = (vm_memory_unpromised_chunks() + blob_idle_chunks()) * CHUNK_SIZE;
	out->cpus = cpu_count;
	out->unused_bytes = host->unused_bytes;
	out->unused_cpus = host->unused_cpus;
	out->random_strong = random_is_strong();
	out->max_downtime_ms = host->config->max_downtime_ms;
	out->when_stuck = host->stuck;
	out->can_run_vms = host->can_run_vms;
	fmt(out->why_not, sizeof(out->why_not), "%s", host->why_not);
	out->records_kept = store_state() == STORE_KEPT;
	_Static_assert(sizeof(out->records) >= STORE_TEXT, "the whole sentence");
	fmt(out->records, sizeof(out->records), "%s", store_text());
}

bool manage_host_limit(unsigned index, struct why *out)
{
	const struct why_list *limits = &host_info()->limits;

	if (index >= limits->count || index >= WHY_MAX)
		return false;
	*out = limits->why[index];
	return true;
}

void manage_net_get(struct manage_net *out)
{
	struct net_counters c;

	net_counters_get(&c);
	*out = (struct manage_net){
		.frames_sent = c.nic.sent, .frames_received = c.nic.received,
		.receive_errors = c.nic.recv_errors + c.nic.recv_malformed, .receive_no_memory = c.recv_no_memory,
		.link_changes = c.link_changes, .tcp_retransmits = c.tcp_retransmits, .tcp_drops = c.tcp_drops,
		.tcp_checksum_errors = c.tcp_checksum_errors, .ip_drops = c.ip_drops, .contained = c.contained,
		.memory_bytes = c.memory_bytes, .memory_failures = c.memory_failures, .connections = c.channels,
	};
}

uint64_t manage_now_ns(void)
{
	return time_ns();
}

uint64_t manage_wall_seconds(void)
{
	return time_wall_seconds();
}

bool manage_peer_find(const char *name, uint32_t *ipv4)
{
	const struct config *c = host_info()->config;
	uint8_t uuid[16];

	for (unsigned i = 0; i < c->peers; i++)
		if (!strcasecmp(c->peer[i].name, name)) {
			*ipv4 = c->peer[i].ipv4;
			return true;
		}
	return uuid_parse(name, uuid) == ERR_OK && moves_peer(uuid, ipv4);
}
