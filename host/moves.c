/* SPDX-License-Identifier: MIT */
#include "host/moves.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "config/config_value.h"
#include "host/arrival.h"
#include "host/autostart.h"
#include "host/host.h"
#include "host/manage.h"
#include "host/store.h"
#include "host/vms.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/mac.h"
#include "lib/random.h"
#include "lib/uuid.h"
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
		.stuck = (enum mig_stuck)(MIG_STUCK_STOP + info->config->when_stuck), .clock_ns = clock_op, .spare_chunks = spare_op,
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

static enum err move_from(const struct manage_move *in, struct mig_move *out, struct why *why)
{
	static const enum mig_verify verify[] = {
		[MANAGE_VERIFY_DEFAULT] = MIG_VERIFY_DEFAULT, [MANAGE_VERIFY_OFF] = MIG_VERIFY_OFF,
		[MANAGE_VERIFY_FULL] = MIG_VERIFY_FULL,
	};

	*out = (struct mig_move){ .port = host_info()->config->migration_port, .verify = verify[in->verify],
				 .type = (enum mig_move_type)in->type };
	fmt(out->vm, sizeof(out->vm), "%s", in->vm);
	if (!config_value_ipv4(&(struct config_key){ .offset = 0 }, &out->ipv4, in->destination)) {
		why_set(why, "destination %s: expected an IPv4 address such as 192.0.2.7", in->destination);
		return ERR_INVALID;
	}
	if (out->ipv4 == net_ipv4()) {
		why_set(why, "destination %s is this host", in->destination);
		return ERR_INVALID;
	}
	if (!config_allows(host_info()->config->destinations, CONFIG_RANGES, out->ipv4)) {
		why_set(why, "%s moves no machines to %s (destinations of [migration] in its tern.conf)", host_info()->name,
			in->destination);
		return ERR_REFUSED;
	}
	out->bandwidth_percent = in->bandwidth_percent < 100 ? in->bandwidth_percent : 0;
	out->priority = in->priority;
	out->max_downtime_ms = in->max_downtime_ms;
	_Static_assert((int)MANAGE_STUCK_THROTTLE == (int)MIG_STUCK_THROTTLE, "the same values");
	out->stuck = (enum mig_stuck)in->when_stuck;
	return ERR_OK;
}

enum err manage_check_start(const struct manage_move *move, uint32_t *check, struct why *why)
{
	struct mig_move m;
	enum err e = move_from(move, &m, why);

	return e == ERR_OK ? mig_check_start(service, &m, check, time_ns(), why) : e;
}

enum err manage_check_poll(uint32_t check, bool *migratable, struct why_list *reasons)
{
	return mig_check_poll(service, check, migratable, reasons);
}

void manage_check_drop(uint32_t check)
{
	mig_check_drop(service, check);
}

enum err manage_migrate_start(const struct manage_move *move, uint32_t *job, struct why *why)
{
	struct mig_move m;
	enum err e = move_from(move, &m, why);

	if (e == ERR_OK)
		e = mig_migrate_start(service, &m, job, time_ns(), why);
	if (e == ERR_OK && !random_is_strong())
		log_limited(time_ns(), LOG_WARN, "mig",
			    "job %u: random numbers can be guessed on this host: whoever does can end or take over this move", *job);
	return e;
}

enum err manage_job_cancel(uint32_t id, struct why *why)
{
	return mig_job_cancel(service, id, time_ns(), why);
}

enum err manage_job_force(uint32_t id, enum manage_force outcome, bool accept_risk, struct why *why)
{
	static const enum mig_force map[] = {
		[MANAGE_FORCE_RESUME] = MIG_FORCE_RESUME, [MANAGE_FORCE_FORGET] = MIG_FORCE_FORGET, [MANAGE_FORCE_RUN] = MIG_FORCE_RUN,
	};

	return mig_job_force(service, id, map[outcome], accept_risk, time_ns(), why);
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

static enum manage_job_state job_state(const struct mig_job *j)
{
	static const enum manage_job_state map[] = {
		[MIG_JOB_NEW] = MANAGE_JOB_NEW, [MIG_JOB_ACTIVE] = MANAGE_JOB_RUNNING, [MIG_JOB_COMPLETED] = MANAGE_JOB_COMPLETED,
		[MIG_JOB_CANCELLED] = MANAGE_JOB_TERMINATED, [MIG_JOB_FAILED] = MANAGE_JOB_EXCEPTION,
	};

	return map[j->state];
}

static void copy_rounds(const struct mig_job *j, struct manage_job *out)
{
	uint32_t rows = j->rounds < MIG_JOB_ROUNDS ? j->rounds : MIG_JOB_ROUNDS;

	_Static_assert(MIG_JOB_ROUNDS == MANAGE_ROUNDS, "the same rows");
	out->rounds = rows;
	for (uint32_t i = 0; i < rows; i++) {
		const struct mig_job_round *r = &j->round[(j->rounds - rows + i) % MIG_JOB_ROUNDS];

		out->round[i] = (struct manage_round){ r->start_ns, r->end_ns, r->pages, r->zero_pages, r->bytes, r->dirty_pages };
	}
}

/* "", or what is waited for without a link. */
static void link_status(const struct mig_job *j, uint64_t now_ns, char *out, size_t room)
{
	uint64_t left = j->lost_until_ns > now_ns ? j->lost_until_ns - now_ns : 0;

	if (j->lost_ns)
		fmt(out, room, "link lost %u s ago (%s), %s for %u s more", (unsigned)((now_ns - j->lost_ns) / 1000000000u), j->lost,
		    j->incoming ? "waiting" : "trying again", (unsigned)((left + 999999999) / 1000000000));
}

static void copy_job(const struct mig_job *j, struct manage_job *out)
{
	memset(out, 0, sizeof(*out));
	out->id = j->id;
	fmt(out->vm, sizeof(out->vm), "%s", j->vm);
	uuid_text(j->vm_uuid, out->vm_uuid);
	fmt(out->peer, sizeof(out->peer), "%u.%u.%u.%u", j->peer_ipv4 >> 24, j->peer_ipv4 >> 16 & 255,
	    j->peer_ipv4 >> 8 & 255, j->peer_ipv4 & 255);
	fmt(out->peer_name, sizeof(out->peer_name), "%s", j->peer_name);
	out->incoming = j->incoming;
	out->type = (uint16_t)j->type;
	out->state = job_state(j);
	fmt(out->phase, sizeof(out->phase), "%s", j->in_doubt ? "IN_DOUBT" : mig_phase_name(j->phase));
	fmt(out->error, sizeof(out->error), "%s", j->in_doubt ? j->doubt : j->state == MIG_JOB_NEW ? j->waits : j->error);
	link_status(j, time_ns(), out->status, sizeof(out->status));
	out->reconnects = j->reconnects;
	out->error_code = j->error_code;
	out->percent = j->percent;
	out->submitted_ns = j->submitted_ns;
	out->started_ns = j->started_ns;
	out->changed_ns = j->changed_ns;
	out->ended_ns = j->ended_ns;
	copy_rounds(j, out);
	out->bytes_sent = j->bytes_sent;
	out->bytes_left = j->bytes_left;
	out->pages_sent = j->pages_sent;
	out->dirty_rate_pages = j->dirty_rate_pages;
	out->rate_bytes = j->rate_bytes;
	out->nonzero_bytes = j->nonzero_bytes;
	out->expected_downtime_ns = j->expected_downtime_ns;
	out->downtime_ns = j->downtime_ns;
	_Static_assert((int)MIG_TERMS <= MANAGE_TERMS, "room for every term of the budget");
	out->terms = j->terms;
	for (uint32_t i = 0; i < j->terms; i++)
		out->term[i] = (struct manage_term){ j->term[i].name, j->term[i].budget_ns, j->term[i].real_ns };
	out->verified = j->verified;
	out->hash_source = j->hash_source;
	out->hash_destination = j->hash_destination;
}

unsigned manage_job_count(void)
{
	return mig_job_count(service);
}

bool manage_job_get(unsigned index, struct manage_job *out)
{
	const struct mig_job *j = mig_job_get(service, index);

	if (j)
		copy_job(j, out);
	return j;
}
