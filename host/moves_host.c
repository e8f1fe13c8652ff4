/* SPDX-License-Identifier: MIT */
#include "host/moves_host.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "host/arrival.h"
#include "host/autostart.h"
#include "host/host.h"
#include "host/moves.h"
#include "host/store.h"
#include "host/vms.h"
#include "lib/fmt.h"
#include "lib/mac.h"
#include "lib/random.h"
#include "net/net.h"
#include "net/tcp_channel.h"

static uint64_t clock_op(void *ctx)
{
	(void)ctx;
	return time_ns();
}

static uint64_t spare_op(void *ctx)
{
	(void)ctx;
	return vm_memory_unpromised_chunks();
}

static bool memory_fits_op(void *ctx, uint64_t bytes)
{
	(void)ctx;
	return vm_memory_fits(bytes);
}

static struct channel *connect_op(void *ctx, uint32_t ipv4, uint16_t port, struct why *why)
{
	struct channel *ch = NULL;

	(void)ctx;
	if (!net_up())
		why_set(why, "this host has no network");
	else if (!(ch = tcp_channel_connect(ipv4, port)))
		why_set(why, "too many connections are open on this host");
	return ch;
}

static bool accept_from_op(void *ctx, uint32_t ipv4)
{
	const struct config *c = host_info()->config;

	(void)ctx;
	return (ipv4 & c->accept_from_mask) == (c->accept_from_ipv4 & c->accept_from_mask);
}

static struct mig_guest *find_op(void *ctx, const char *name, enum mig_move_type type, struct why *why)
{
	static struct cpuid_policy policy;
	struct vm *vm = vm_find(name);
	struct vm_plan plan;

	(void)ctx;
	if (!vm)
		why_set(why, "there is no VM named %s", name);
	else if (vm->state == VM_FROZEN || vm->state == VM_INCOMING)
		why_set(why, "%s is %s; it is on its way already", name, vm_state_name(vm->state));
	else if (vm_life_allows(vm, VM_EVENT_START) && moves_vm_held(vm, why))
		return NULL;	/* started afresh elsewhere it could run twice as well */
	else if (type == MIG_MOVE_RESTART)
		return vms_restartable(vm, &plan, &policy, why) == ERR_OK ? vm_guest(vm) : NULL;
	else if (vm->state != VM_RUNNING)
		why_set(why, "%s is %s; only a running VM can be moved so, or MigrationType Restart moves it and "
			"starts it there", name, vm_state_name(vm->state));
	else
		return vm_guest(vm);
	return NULL;
}

static void check_op(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	unsigned before = reasons->count;

	(void)ctx;
	arrival_check(def, reasons);
	why_speaker(reasons, before, host_info()->name);
}

static struct mig_guest *create_op(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	unsigned before = reasons->count;
	struct mig_guest *guest = arrival_create(def, reasons);

	(void)ctx;
	why_speaker(reasons, before, host_info()->name);
	return guest;
}

static uint64_t wall_op(void *ctx)
{
	(void)ctx;
	return time_wall_seconds();
}

static bool defines_op(void *ctx, const uint8_t uuid[16])
{
	(void)ctx;
	return vms_defines(uuid);
}

static void random_op(void *ctx, void *out, size_t bytes)
{
	(void)ctx;
	random_bytes(out, bytes);
}

static void derive_op(void *ctx, const void *in, size_t bytes, uint8_t out[32])
{
	(void)ctx;
	mac_make(store_secret(), STORE_SECRET, in, bytes, out);
}

static enum mig_vm_here vm_here_op(void *ctx, const uint8_t uuid[16])
{
	const struct vm *vm = vm_find_uuid(uuid);

	(void)ctx;
	if (!vm)
		return MIG_VM_ABSENT;
	if (vm->state == VM_DEFINED)
		return autostart_waits(vm) ? MIG_VM_WAITS : MIG_VM_ABSENT;
	return vm_life_allows(vm, VM_EVENT_START) ? MIG_VM_OFF : MIG_VM_RUNS;
}

static void vm_give_up_op(void *ctx, const uint8_t uuid[16])
{
	(void)ctx;
	vms_give_up(uuid);
}

static void add_address(uint32_t *ipv4, unsigned *count, unsigned room, uint32_t address, uint32_t mask)
{
	if (mask == 0xffffffffu && address != 0xffffffffu && address != net_ipv4() && *count < room)
		ipv4[(*count)++] = address;
}

/* Single addresses that tern.conf names: peers, where machines may go, and who may bring some. */
static unsigned peers_op(void *ctx, uint32_t *ipv4, unsigned room)
{
	const struct config *c = host_info()->config;
	unsigned count = 0;

	(void)ctx;
	for (unsigned i = 0; i < c->peers; i++)
		add_address(ipv4, &count, room, c->peer[i].ipv4, 0xffffffffu);
	for (unsigned i = 0; i < CONFIG_RANGES; i++)
		add_address(ipv4, &count, room, c->destinations[i].ipv4, c->destinations[i].mask);
	add_address(ipv4, &count, room, c->accept_from_ipv4, c->accept_from_mask);
	return count;
}

void moves_host_get(struct mig_host *out)
{
	const struct host_info *info = host_info();
	const struct config *c = info->config;

	*out = (struct mig_host){
		.can_run_vms = info->can_run_vms, .port = c->migration_port, .stuck = info->stuck,
		.max_downtime_ms = c->max_downtime_ms, .shutdown_wait_ms = c->shutdown_wait_ms,
		.bandwidth_bytes = c->bandwidth_bytes, .max_out = c->max_out, .max_in = c->max_in,
		.verify = c->verify == CONFIG_VERIFY_FULL, .resume_grace_ns = c->resume_grace_s * 1000000000ull,
		.clock_ns = clock_op, .wall_s = wall_op, .random = random_op, .spare_chunks = spare_op,
		.memory_fits = memory_fits_op, .connect = connect_op, .accept_from = accept_from_op, .peers = peers_op,
		.vm_here = vm_here_op, .vm_give_up = vm_give_up_op, .defines = defines_op,
		.guest_find = find_op, .guest_check = check_op, .guest_create = create_op,
	};
	fmt(out->name, sizeof(out->name), "%s", info->name);
	fmt(out->why_not, sizeof(out->why_not), "%s", info->why_not);
	memcpy(out->uuid, info->uuid, sizeof(out->uuid));
	memcpy(out->boot_id, info->boot_id, sizeof(out->boot_id));
	if (store_seam())
		out->store = *store_seam();
	if (store_secret())
		out->derive = derive_op;
}
