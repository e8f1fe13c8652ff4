/* SPDX-License-Identifier: MIT */
#include "host/moves.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "host/arrival.h"
#include "host/autostart.h"
#include "host/host.h"
#include "host/manage.h"
#include "host/store.h"
#include "host/vms.h"
#include "lib/fmt.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "lib/mac.h"
#include "lib/random.h"
#include "migration/service.h"
#include "net/net.h"
#include "net/tcp_channel.h"

static struct mig_service *service;

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
		why_set(why, "%s is %s; only a running VM can be moved so, or MigrationType Restart moves it and starts it there",
			name, vm_state_name(vm->state));
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

void moves_init(void)
{
	const struct host_info *info = host_info();
	static struct mig_host host;

	host = (struct mig_host){
		.can_run_vms = info->can_run_vms, .max_downtime_ms = info->config->max_downtime_ms,
		.shutdown_wait_ms = info->config->shutdown_wait_ms,
		.bandwidth_bytes = info->config->bandwidth_bytes, .max_out = info->config->max_out,
		.max_in = info->config->max_in, .verify = info->config->verify == CONFIG_VERIFY_FULL,
		.resume_grace_ns = info->config->resume_grace_s * 1000000000ull,
		.stuck = info->stuck, .clock_ns = clock_op, .spare_chunks = spare_op,
		.memory_fits = memory_fits_op, .connect = connect_op, .accept_from = accept_from_op,
		.vm_here = vm_here_op, .vm_give_up = vm_give_up_op, .peers = peers_op,
		.wall_s = wall_op, .defines = defines_op, .random = random_op,
		.port = info->config->migration_port,
		.guest_find = find_op, .guest_check = check_op, .guest_create = create_op,
	};
	fmt(host.name, sizeof(host.name), "%s", info->name);
	fmt(host.why_not, sizeof(host.why_not), "%s", info->why_not);
	memcpy(host.uuid, info->uuid, sizeof(host.uuid));
	memcpy(host.boot_id, info->boot_id, sizeof(host.boot_id));
	if (store_seam())
		host.store = *store_seam();
	if (store_secret())
		host.derive = derive_op;
	service = mig_service_create(&host);
	if (!service)
		panic("no memory for the migration service");
}

struct mig_service *moves_service(void)
{
	return service;
}

void moves_accept(struct channel *ch)
{
	mig_service_accept(service, ch, time_ns());
}

bool moves_step(uint64_t now_ns, uint64_t *deadline_ns)
{
	bool more = false;

	*deadline_ns = mig_service_step(service, now_ns, &more);
	return more;
}

bool moves_stand(void)
{
	return mig_service_stands(service);
}

void moves_vm_gone(struct vm *vm)
{
	struct why why;

	why_set(&why, "%s is %s: %s", vm->name, vm_state_name(vm->state), vm->why.text);
	if (mig_service_guest_gone(service, vm_guest(vm), why.text, time_ns()) != ERR_OK)
		log_error("mig", "%s stopped by itself after it was frozen for its hand-off", vm->name);
	vm_guest_ended(vm);
}

enum moves_vm moves_vm_state(const char *name)
{
	const struct mig_job *j = mig_job_open(service, name);

	return !j ? MOVES_VM_STAYS : j->in_doubt ? MOVES_VM_IN_DOUBT : MOVES_VM_LEAVING;
}

bool moves_vm_held(const struct vm *vm, struct why *why)
{
	return mig_service_vm_held(service, vm->uuid, why);
}

bool moves_knows_peers(void)
{
	return mig_service_knows_peers(service);
}

enum err moves_vm_seek(const struct vm *vm, uint64_t now_ns, struct why *why)
{
	return mig_service_vm_seek(service, vm->uuid, vm->name, now_ns, why);
}

enum err moves_vm_claim(const struct vm *vm, struct why *why)
{
	return mig_service_vm_claim(service, vm->uuid, time_ns(), why);
}

bool moves_vm_away(const uint8_t uuid[16])
{
	return mig_service_vm_away(service, uuid);
}

bool moves_vm_awaits_off(const struct vm *vm)
{
	return mig_service_guest_awaits_off(service, vm_guest((struct vm *)(uintptr_t)vm));
}

bool moves_peer(const uint8_t uuid[16], uint32_t *ipv4)
{
	return mig_service_peer(service, uuid, ipv4);
}

uint32_t moves_vm_job(const char *name)
{
	const struct mig_job *j = mig_job_open(service, name);

	return j ? j->id : 0;
}

/* --- host/manage.h: checks, migrations, jobs ---------------------------------------------------------- */

/* May machines go where @move says? */
static enum err allowed(const struct mig_move *move, struct why *why)
{
	char address[IPV4_TEXT];

	ipv4_text(move->ipv4, address);
	if (move->ipv4 == net_ipv4()) {
		why_set(why, "destination %s is this host", address);
		return ERR_INVALID;
	}
	if (!config_allows(host_info()->config->destinations, CONFIG_RANGES, move->ipv4)) {
		why_set(why, "%s moves no machines to %s (destinations of [migration] in its tern.conf)", host_info()->name,
			address);
		return ERR_REFUSED;
	}
	return ERR_OK;
}

enum err manage_check_start(const struct mig_move *move, uint32_t *check, struct why *why)
{
	enum err e = allowed(move, why);

	return e == ERR_OK ? mig_check_start(service, move, check, time_ns(), why) : e;
}

enum err manage_check_poll(uint32_t check, bool *migratable, struct why_list *reasons)
{
	return mig_check_poll(service, check, migratable, reasons);
}

void manage_check_drop(uint32_t check)
{
	mig_check_drop(service, check);
}

enum err manage_migrate_start(const struct mig_move *move, uint32_t *job, struct why *why)
{
	enum err e = allowed(move, why);

	if (e == ERR_OK)
		e = mig_migrate_start(service, move, job, time_ns(), why);
	if (e == ERR_OK && !random_is_strong())
		log_limited(time_ns(), LOG_WARN, "mig",
			    "job %u: random numbers can be guessed on this host: whoever does can end or take over this move", *job);
	return e;
}

enum err manage_job_cancel(uint32_t id, struct why *why)
{
	return mig_job_cancel(service, id, time_ns(), why);
}

enum err manage_job_force(uint32_t id, enum mig_force outcome, bool accept_risk, struct why *why)
{
	return mig_job_force(service, id, outcome, accept_risk, time_ns(), why);
}

enum err manage_vm_reclaim(const char *name, bool accept_risk, struct why *why)
{
	const struct vm *vm = vm_find(name);

	if (!vm) {
		why_set(why, "there is no VM named %s", name);
		return ERR_NOTFOUND;
	}
	return mig_service_vm_reclaim(service, vm->uuid, accept_risk, why);
}

unsigned manage_job_count(void)
{
	return mig_job_count(service);
}

const struct mig_job *manage_job_get(unsigned index)
{
	return mig_job_get(service, index);
}
