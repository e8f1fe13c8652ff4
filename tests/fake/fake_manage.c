/* SPDX-License-Identifier: MIT */
#include "fake_manage.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "lib/ipv4.h"
#include "lib/uuid.h"

struct fake_manage fake;

static void add_vm(const char *name, enum manage_vm_state state, unsigned vcpus)
{
	struct manage_vm *v = &fake.vm[fake.vms++];

	*v = (struct manage_vm){ .state = state, .memory_bytes = 128ull << 20, .vcpus = vcpus };
	snprintf(v->name, sizeof(v->name), "%s", name);
	snprintf(v->uuid, sizeof(v->uuid), "00000000-0000-4000-8000-0000000000%02u", fake.vms);
}

static void add_peer(const char *name, uint32_t ipv4, bool accepts)
{
	struct fake_peer *p = &fake.peer[fake.peers++];

	p->reachable = true;
	p->accepts = accepts;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->ipv4 = ipv4;
	snprintf(p->uuid, sizeof(p->uuid), "6b0c8a52-0000-4000-8000-00000000000%c", 'a' + (int)fake.peers);
}

void fake_manage_reset(void)
{
	fake = (struct fake_manage){ .now_ns = 1000000000, .wall_seconds = 1790000000,
		.host = { .name = "lab-a", .uuid = "6b0c8a52-0000-4000-8000-000000000001", .version = "0.1",
			.ipv4 = FAKE_IPV4(2), .boot_id = "11111111-2222-4333-8444-555555555555",
			.records_kept = true, .records = "kept by the firmware (boot 7)", .memory_bytes = 1ull << 30,
			.free_bytes = 800ull << 20, .cpus = 2, .can_run_vms = true } };
	add_vm("web1", MANAGE_VM_RUNNING, 1);
	add_vm("db1", MANAGE_VM_STOPPED, 2);
	add_peer("lab-b", FAKE_IPV4(3), true);
	add_peer("lab-c", FAKE_IPV4(4), false);
	add_peer("lab-d", FAKE_IPV4(5), true);
	fake.peer[2].vanishes = true;
	fake.net = (struct manage_net){ .frames_sent = 1001, .frames_received = 1002, .tcp_retransmits = 7,
		.tcp_drops = 8, .memory_failures = 3,
		.connections = 4 };
	fake.host.unused_bytes = 640 << 10;
	fake.host.unused_cpus = 2;
	why_add(&fake.limits, "2 of 4 processors are not used: they did not start, or were not found");
	why_add(&fake.limits, "random numbers can be guessed here");
	fake.record[fake.records++] = (struct mig_leftover){ .id = 7, .state = "OWNED", .vm = "old1",
		.peer_name = "lab-c", .peer_ipv4 = FAKE_IPV4(4), .when_s = 1780000000,
		.vm_uuid = { [6] = 0x40, [8] = 0x80, [15] = 0x77 } };
	fake.record[fake.records++] = (struct mig_leftover){ .id = 8, .state = "COMMITTED", .vm = "gone1",
		.peer_ipv4 = FAKE_IPV4(5), .source = true, .open = true, .holds = true };
}

static struct fake_peer *peer_at(uint32_t ipv4)
{
	for (unsigned n = 0; n < fake.peers; n++)
		if (fake.peer[n].ipv4 == ipv4)
			return &fake.peer[n];
	return NULL;
}

static struct manage_vm *vm_named(const char *name)
{
	for (unsigned n = 0; n < fake.vms; n++)
		if (!strcmp(fake.vm[n].name, name))
			return &fake.vm[n];
	return NULL;
}

void manage_host_get(struct manage_host *out)
{
	*out = fake.host;
}

bool manage_host_limit(unsigned index, struct why *out)
{
	if (index < fake.limits.count)
		*out = fake.limits.why[index];
	return index < fake.limits.count;
}

void manage_net_get(struct manage_net *out)
{
	*out = fake.net;
}

unsigned manage_vm_count(void)
{
	return fake.vms;
}

bool manage_vm_get(unsigned index, struct manage_vm *out)
{
	if (index >= fake.vms)
		return false;
	*out = fake.vm[index];
	return true;
}

bool manage_vm_find(const char *name, struct manage_vm *out)
{
	struct manage_vm *v = vm_named(name);

	if (v)
		*out = *v;
	return v != NULL;
}

static enum err change(const char *name, enum manage_vm_state from, enum manage_vm_state to, struct why *why)
{
	struct manage_vm *v = vm_named(name);

	if (!v)
		return ERR_NOTFOUND;
	if (fake.refuse != ERR_OK) {
		why_set(why, "the fake host was told to refuse");
		return fake.refuse;
	}
	if (v->state == MANAGE_VM_AWAY) {
		why_set(why, "%s", v->why);
		return ERR_STATE;
	}
	if (v->state != from) {
		why_set(why, "%s is %s", name, from == MANAGE_VM_RUNNING ? "not running" : "running already");
		return ERR_STATE;
	}
	v->state = to;
	return ERR_OK;
}

enum err manage_vm_start(const char *name, struct why *why)
{
	if (fake.asks) {
		fake.asks--;
		return ERR_AGAIN;
	}
	return change(name, MANAGE_VM_STOPPED, MANAGE_VM_RUNNING, why);
}

enum err manage_vm_stop(const char *name, struct why *why)
{
	return change(name, MANAGE_VM_RUNNING, MANAGE_VM_STOPPED, why);
}

bool manage_peer_find(const char *name, uint32_t *ipv4)
{
	for (unsigned n = 0; n < fake.peers; n++)
		if (!strcasecmp(fake.peer[n].name, name) || !strcasecmp(fake.peer[n].uuid, name)) {
			*ipv4 = fake.peer[n].ipv4;
			return true;
		}
	return false;
}

static enum err may_move(const struct mig_move *move, struct why *why)
{
	struct manage_vm *v = vm_named(move->vm);

	fake.last = *move;
	if (fake.refuse != ERR_OK) {
		why_set(why, "the fake host was told to refuse");
		return fake.refuse;
	}
	if (!v)
		return ERR_NOTFOUND;
	if (v->state != MANAGE_VM_RUNNING && move->type != MIG_MOVE_RESTART) {
		why_set(why, "%s is not running: only a running virtual system can move so", move->vm);
		return ERR_STATE;
	}
	return ERR_OK;
}

enum err manage_check_start(const struct mig_move *move, uint32_t *check, struct why *why)
{
	enum err e = may_move(move, why);

	if (e != ERR_OK)
		return e;
	for (unsigned n = 0; n < FAKE_CHECKS; n++)
		if (!fake.check[n].used) {
			fake.check[n].used = true;
			fake.check[n].move = *move;
			fake.check[n].start_ns = fake.now_ns;
			*check = n + 1;
			return ERR_OK;
		}
	why_set(why, "%u checks are under way already", FAKE_CHECKS);
	return ERR_SPACE;
}

enum err manage_check_poll(uint32_t check, bool *migratable, struct why_list *reasons)
{
	struct fake_peer *p = peer_at(fake.check[check - 1].move.ipv4);
	char address[IPV4_TEXT];

	if (fake.now_ns < fake.check[check - 1].start_ns + FAKE_CHECK_NS)
		return ERR_AGAIN;
	*migratable = p && p->reachable && p->accepts;
	if (!p || !p->reachable) {
		ipv4_text(fake.check[check - 1].move.ipv4, address);
		why_add(reasons, "no answer from %s port 5991 within 5 s", address);
	} else if (!p->accepts && !fake.silent) {
		why_add(reasons, "%s has 64 MiB free, web1 needs 128 MiB", p->name);
		why_add(reasons, "%s can't run virtual systems: VT-x <off> & locked", p->name);
	}
	fake.check[check - 1].used = false;
	return ERR_OK;
}

void manage_check_drop(uint32_t check)
{
	fake.check[check - 1].used = false;
	fake.drops++;
}

enum err manage_migrate_start(const struct mig_move *move, uint32_t *job, struct why *why)
{
	enum err e = may_move(move, why);
	struct mig_job *j;

	if (e != ERR_OK)
		return e;
	if (fake.jobs == FAKE_JOBS)
		return ERR_SPACE;
	j = &fake.job[fake.jobs++];
	*j = (struct mig_job){ .id = fake.jobs, .state = MIG_JOB_NEW, .phase = MIG_PHASE_HELLO, .type = move->type,
			       .peer_ipv4 = move->ipv4, .submitted_ns = fake.now_ns, .started_ns = fake.now_ns,
			       .changed_ns = fake.now_ns };
	snprintf(j->vm, sizeof(j->vm), "%s", move->vm);
	(void)!uuid_parse(vm_named(move->vm)->uuid, j->vm_uuid);
	vm_named(move->vm)->state = MANAGE_VM_EMIGRATING;
	vm_named(move->vm)->job = j->id;
	*job = j->id;
	return ERR_OK;
}

unsigned manage_job_count(void)
{
	return fake.jobs;
}

const struct mig_job *manage_job_get(unsigned index)
{
	return index < fake.jobs ? &fake.job[index] : NULL;
}

static void end_job(struct mig_job *j, enum mig_job_state state, const char *error, uint16_t code)
{
	struct manage_vm *v = vm_named(j->vm);

	mig_job_end(j, state, code, error, fake.now_ns);
	if (state == MIG_JOB_COMPLETED) {
		*v = fake.vm[--fake.vms];
	} else {
		v->state = MANAGE_VM_RUNNING;
		v->job = 0;
	}
}

enum err manage_job_cancel(uint32_t id, struct why *why)
{
	struct mig_job *j = &fake.job[id - 1];

	if (j->ended_ns || fake.now_ns >= j->submitted_ns + FAKE_COMMIT_NS) {
		why_set(why, "%s", j->ended_ns ? "the job has ended" : "too late, committed");
		return ERR_STATE;
	}
	end_job(j, MIG_JOB_CANCELLED, "cancelled by an operator", 1);
	return ERR_OK;
}

/* Only a source in doubt exists here: its destination vanished after COMMIT. */
enum err manage_job_force(uint32_t id, enum mig_force outcome, bool accept_risk, struct why *why)
{
	struct mig_job *j = &fake.job[id - 1];
	struct manage_vm *v = vm_named(j->vm);
	char address[IPV4_TEXT];

	if (j->ended_ns || !v || v->state != MANAGE_VM_IN_DOUBT || outcome == MIG_FORCE_RUN) {
		why_set(why, outcome == MIG_FORCE_RUN ? "job %u has no prepared copy here" : "job %u is not in doubt",
			id);
		return ERR_STATE;
	}
	if (!accept_risk) {
		why_set(why, outcome == MIG_FORCE_RESUME ? "%s may run twice" : "%s may be lost", v->name);
		return ERR_REFUSED;
	}
	end_job(j, MIG_JOB_CANCELLED, outcome == MIG_FORCE_RESUME ? "an operator forced it to run on here" :
		"an operator forced it to be forgotten here", 1);
	if (outcome == MIG_FORCE_FORGET) {
		v->state = MANAGE_VM_AWAY;
		ipv4_text(j->peer_ipv4, address);
		snprintf(v->why, sizeof(v->why), "%s was handed over to %s", v->name, address);
	}
	return ERR_OK;
}

enum err manage_vm_reclaim(const char *name, bool accept_risk, struct why *why)
{
	struct manage_vm *v = vm_named(name);

	if (v && v->state == MANAGE_VM_IN_DOUBT) {
		why_set(why, "job %u is open: force that", v->job);
		return ERR_STATE;
	}
	if (!v || v->state != MANAGE_VM_AWAY) {
		why_set(why, "nothing holds it");
		return ERR_NOTFOUND;
	}
	why_set(why, "%s: started here it may run twice", v->why);
	if (!accept_risk)
		return ERR_REFUSED;
	v->state = MANAGE_VM_STOPPED;
	v->why[0] = 0;
	return ERR_OK;
}

unsigned manage_record_count(void)
{
	return fake.records;
}

bool manage_record_get(unsigned index, struct mig_leftover *out)
{
	if (index < fake.records)
		*out = fake.record[index];
	return index < fake.records;
}

enum err manage_record_drop(uint64_t id, bool accept_risk, struct why *why)
{
	unsigned n = 0;

	while (n < fake.records && fake.record[n].id != id)
		n++;
	if (n == fake.records)
		return ERR_NOTFOUND;
	if (fake.record[n].open) {
		why_set(why, "a job sees to %s: force that", fake.record[n].vm);
		return ERR_STATE;
	}
	why_set(why, "%s would stay in doubt about %s", fake.record[n].peer_name, fake.record[n].vm);
	if (!accept_risk)
		return ERR_REFUSED;
	fake.record[n] = fake.record[--fake.records];
	return ERR_OK;
}

static void do_rounds(struct mig_job *j, uint64_t t)
{
	uint32_t n = (uint32_t)((t - FAKE_ROUNDS_NS) / FAKE_ROUND_NS);

	j->rounds = n < FAKE_ROUNDS ? n : FAKE_ROUNDS;
	j->bytes_sent = 0;
	for (n = 0; n < j->rounds; n++) {
		j->round[n] = (struct mig_job_round){ FAKE_ROUNDS_NS + n * FAKE_ROUND_NS,
			FAKE_ROUNDS_NS + (n + 1) * FAKE_ROUND_NS, 1000 >> n, 20000 >> n, 4100000 >> n, 500 >> n };
		j->bytes_sent += j->round[n].bytes;
	}
	j->nonzero_bytes = 4096000;
	j->percent = (uint16_t)(10 + 80 * j->rounds / FAKE_ROUNDS);
}

static void advance_job(struct mig_job *j)
{
	uint64_t t = fake.now_ns - j->submitted_ns;
	struct fake_peer *p = peer_at(j->peer_ipv4);
	char text[WHY_TEXT], address[IPV4_TEXT];

	if (j->ended_ns)
		return;
	j->state = MIG_JOB_ACTIVE;
	if (t >= FAKE_OFFER_NS && (!p || !p->reachable)) {
		ipv4_text(j->peer_ipv4, address);
		snprintf(text, sizeof(text), "no answer from %s port 5991 within 5 s", address);
		end_job(j, MIG_JOB_FAILED, text, 10);
		return;
	}
	if (t >= FAKE_OFFER_NS && !p->accepts) {
		end_job(j, MIG_JOB_FAILED, "lab-c has 64 MiB free, web1 needs 128 MiB", 13);
		return;
	}
	if (t >= FAKE_OFFER_NS)
		snprintf(j->peer_name, sizeof(j->peer_name), "%s", p->name);
	j->phase = t < FAKE_OFFER_NS ? MIG_PHASE_HELLO : t < FAKE_ROUNDS_NS ? MIG_PHASE_OFFER :
		   t < FAKE_STOP_NS ? MIG_PHASE_ROUNDS : t < FAKE_COMMIT_NS ? MIG_PHASE_STATE : MIG_PHASE_COMMIT;
	if (t >= FAKE_ROUNDS_NS)
		do_rounds(j, t);
	if (t >= FAKE_COMMIT_NS && p->vanishes) {
		j->in_doubt = true;
		snprintf(text, sizeof(text), "%s has not said whether it runs %s", p->name, j->vm);
		strcpy(j->doubt, text);
		vm_named(j->vm)->state = MANAGE_VM_IN_DOUBT;
		return;
	}
	if (t < FAKE_DONE_NS)
		return;
	j->downtime_ns = 21000000;
	j->expected_downtime_ns = 30000000;
	j->terms = 2;
	j->term[0] = (struct mig_job_term){ "stop", 5000000, 4000000 };
	j->term[1] = (struct mig_job_term){ "transfer", 25000000, 17000000 };
	j->verified = true;
	j->hash_source = j->hash_destination = 0x0123456789abcdefull;
	end_job(j, MIG_JOB_COMPLETED, NULL, 0);
}

void fake_manage_advance(uint64_t ns)
{
	fake.now_ns += ns;
	for (unsigned n = 0; n < fake.jobs; n++)
		advance_job(&fake.job[n]);
}

uint64_t manage_now_ns(void)
{
	return fake.now_ns;
}

uint64_t manage_wall_seconds(void)
{
	return fake.wall_seconds + fake.now_ns / 1000000000;
}
