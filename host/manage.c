/* SPDX-License-Identifier: MIT */
/* manage.c: host/manage.h for the host, its VMs and their consoles. */
#include "host/manage.h"
#include <string.h>
#include <strings.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "host/host.h"
#include "host/moves.h"
#include "host/store.h"
#include "host/vms.h"
#include "hv/vm.h"
#include "lib/fmt.h"
#include "lib/log.h"
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
		.frames_sent = c.nic.sent, .frames_received = c.nic.received, .receive_errors = c.nic.recv_errors + c.nic.recv_malformed,
		.receive_no_memory = c.recv_no_memory, .link_changes = c.link_changes, .tcp_retransmits = c.tcp_retransmits,
		.tcp_drops = c.tcp_drops, .tcp_checksum_errors = c.tcp_checksum_errors, .ip_drops = c.ip_drops, .contained = c.contained,
		.memory_bytes = c.memory_bytes, .memory_failures = c.memory_failures, .connections = c.channels,
	};
}

static enum manage_vm_state state_of(const struct vm *vm)
{
	static const enum manage_vm_state map[VM_STATES] = {
		[VM_DEFINED] = MANAGE_VM_DEFINED, [VM_RUNNING] = MANAGE_VM_RUNNING, [VM_FROZEN] = MANAGE_VM_EMIGRATING,
		[VM_INCOMING] = MANAGE_VM_IMMIGRATING, [VM_STOPPED] = MANAGE_VM_STOPPED, [VM_CRASHED] = MANAGE_VM_CRASHED,
	};
	enum moves_vm moving = moves_vm_state(vm->name);

	if (vm->state == VM_FROZEN && moving == MOVES_VM_IN_DOUBT)
		return MANAGE_VM_IN_DOUBT;
	if (vm->state == VM_RUNNING && moving == MOVES_VM_LEAVING)
		return MANAGE_VM_EMIGRATING;
	return map[vm->state];
}

static void snapshot(const struct vm *vm, struct manage_vm *out)
{
	struct why why;

	memset(out, 0, sizeof(*out));
	fmt(out->name, sizeof(out->name), "%s", vm->name);
	uuid_text(vm->uuid, out->uuid);
	out->state = state_of(vm);
	why = vm->why;
	if (vm_life_allows(vm, VM_EVENT_START) && moves_vm_held(vm, &why))
		out->state = moves_vm_state(vm->name) == MOVES_VM_IN_DOUBT ? MANAGE_VM_IN_DOUBT : MANAGE_VM_AWAY;
	fmt(out->why, sizeof(out->why), "%s", why.text);
	out->memory_bytes = vm->memory_bytes;
	out->vcpus = vm->vcpus;
	out->uptime_ns = vm->state == VM_RUNNING || vm->state == VM_FROZEN ? machine_time_ns(&vm->machine) : 0;
	out->exits = vm->exits_total;
	out->job = moves_vm_job(vm->name);
}

unsigned manage_vm_count(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VM_MAX; i++)
		n += vms[i].state != VM_FREE;
	return n;
}

bool manage_vm_get(unsigned index, struct manage_vm *out)
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state != VM_FREE && !index--) {
			snapshot(&vms[i], out);
			return true;
		}
	return false;
}

bool manage_vm_find(const char *name, struct manage_vm *out)
{
	const struct vm *vm = vm_find(name);

	if (vm)
		snapshot(vm, out);
	return vm;
}

enum err manage_vm_start(const char *name, struct why *why)
{
	const struct vm *vm = vm_find(name);
	enum err e = ERR_OK;

	/* What went elsewhere is asked for there. */
	if (vm && vm_life_allows(vm, VM_EVENT_START) && moves_vm_away(vm->uuid))
		e = moves_vm_claim(vm, why);
	if (e != ERR_OK)
		return e;
	if (moves_vm_state(name) == MOVES_VM_STAYS)
		return vms_start(name, why);
	why_set(why, "%s can't be started while it is moving", name);
	return ERR_STATE;
}

enum err manage_vm_stop(const char *name, struct why *why)
{
	struct vm *vm = vm_find(name);

	if (!vm) {
		why_set(why, "there is no VM named %s", name);
		return ERR_NOTFOUND;
	}
	if (!vm_life_allows(vm, VM_EVENT_STOP) || moves_vm_state(name) != MOVES_VM_STAYS) {
		why_set(why, "%s can't be stopped while it is %s", name,
			moves_vm_state(name) != MOVES_VM_STAYS ? "moving" : vm_state_name(vm->state));
		return ERR_STATE;
	}
	vm_switch_off(vm, "stopped by an operator");
	return ERR_OK;
}

size_t manage_console_read(const char *name, uint64_t *offset, void *out, size_t room)
{
	const struct vm *vm = vm_find(name);

	return vm && vm->machine.vcpus ? machine_console_read(&vm->machine, offset, out, room) : 0;
}

size_t manage_console_write(const char *name, const void *data, size_t length)
{
	struct vm *vm = vm_find(name);

	/* What is typed at a VM that does not run has nowhere to go. */
	return vm && vm->state == VM_RUNNING ? machine_console_write(&vm->machine, data, length) : length;
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
