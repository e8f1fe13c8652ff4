/* SPDX-License-Identifier: MIT */
/* unit: fake_random */
#include "host/moves.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/time.h"
#include "fake_guest.h"
#include "fake_store.h"
#include "host/arrival.h"
#include "host/autostart.h"
#include "host/host.h"
#include "host/manage.h"
#include "host/store.h"
#include "host/vms.h"
#include "hv/vm.h"
#include "lib/log.h"
#include "lib/random.h"
#include "migration/service_parts.h"
#include "net/net.h"
#include "net/tcp_channel.h"

/* Migrations as the host and its management see them. */

#define OWN	0x0a4d0002u
#define OTHER	0x0a4d0003u
#define ELSEWHERE 0xc0000207u

static struct config config;
static struct host_info info;
static struct fake_guest *guest;
static struct fake_store fake_store;
static struct mig_store seam;
static struct vm vm;
static uint64_t now_ns;
static bool up, defines, restartable, may_start, waits;
static unsigned ended, given_up;
static uint32_t connected;
static char logged[2048];

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	size_t at = strlen(logged);
	va_list args;

	(void)level, (void)area;
	va_start(args, format);
	vsnprintf(logged + at, sizeof(logged) - at, format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	cr_assert_fail("%s", format);
	abort();
}

const struct host_info *host_info(void) { return &info; }
uint64_t time_ns(void) { return now_ns; }
uint64_t time_wall_seconds(void) { return 1790000000 + now_ns / 1000000000; }
bool net_up(void) { return up; }
uint32_t net_ipv4(void) { return OWN; }
const struct mig_store *store_seam(void) { return &seam; }
uint64_t vm_memory_unpromised_chunks(void) { return 77; }
bool vm_memory_fits(uint64_t bytes) { return bytes <= 77 * CHUNK_SIZE; }
bool vms_defines(const uint8_t uuid[16]) { (void)uuid; return defines; }
const char *vm_state_name(enum vm_state s) { return s == VM_FROZEN ? "frozen" : s == VM_STOPPED ? "stopped" : "running"; }
bool vm_life_allows(const struct vm *v, enum vm_event event) { (void)v; return event == VM_EVENT_START && may_start; }
struct vm *vm_find(const char *name) { return strcmp(name, "web1") ? NULL : &vm; }
struct mig_guest *vm_guest(struct vm *v) { (void)v; return &guest->guest; }
void vm_guest_ended(struct vm *v) { (void)v; ended++; }
struct vm *vm_find_uuid(const uint8_t uuid[16]) { return memcmp(uuid, vm.uuid, 16) ? NULL : &vm; }
bool autostart_waits(const struct vm *v) { (void)v; return waits; }
void vms_give_up(const uint8_t uuid[16]) { (void)uuid; given_up++; }
const uint8_t *store_secret(void) { return (const uint8_t *)"thirty-two bytes that nobody sees"; }

struct channel *tcp_channel_connect(uint32_t ipv4, uint16_t port)
{
	(void)port;
	connected = ipv4;
	return NULL;
}

enum err vms_restartable(const struct vm *v, struct vm_plan *plan, struct cpuid_policy *policy, struct why *why)
{
	(void)v, (void)plan, (void)policy;
	why_set(why, "web1 has no kernel");
	return restartable ? ERR_OK : ERR_NOTFOUND;
}

void arrival_check(const struct mig_definition *def, struct why_list *reasons)
{
	why_add(reasons, "%s is not welcome", def->name);
}

struct mig_guest *arrival_create(const struct mig_definition *def, struct why_list *reasons)
{
	arrival_check(def, reasons);
	return NULL;
}

static void setup(void)
{
	config = (struct config){ .migration_port = 5991, .accept_from_ipv4 = 0x0a4d0000, .accept_from_mask = 0xffff0000, .max_downtime_ms = 300,
				  .resume_grace_s = 30, .max_in = 2 };
	info = (struct host_info){ .config = &config, .name = "lab-a", .uuid = { 1 }, .boot_id = { 2 }, .can_run_vms = true };
	guest = fake_guest_new("web1", 4 << 20);
	seam = fake_store_seam(&fake_store, true);
	vm = (struct vm){ .name = "web1", .state = VM_RUNNING };
	memcpy(vm.uuid, guest->def.uuid, 16);
	now_ns = 5000000000;
	up = true;
	moves_init();
}

static void teardown(void)
{
	mig_service_destroy(moves_service());
	fake_guest_free(guest);
}

TestSuite(moves, .init = setup, .fini = teardown);

static struct mig_move move_to(uint32_t ipv4)
{
	return (struct mig_move){ .vm = "web1", .ipv4 = ipv4, .priority = 9, .bandwidth_percent = 40,
				  .max_downtime_ms = 123, .stuck = MIG_STUCK_FAIL, .verify = MIG_VERIFY_FULL };
}

static enum err start(uint32_t ipv4, struct why *why)
{
	struct mig_move m = move_to(ipv4);
	uint32_t job;

	return manage_migrate_start(&m, &job, why);
}

static void step(uint64_t ns)
{
	uint64_t deadline;

	now_ns += ns;
	(void)moves_step(now_ns, &deadline);
}

/* --- where to ------------------------------------------------------------------------------------------ */

Test(moves, go_nowhere_that_the_configuration_does_not_allow)
{
	struct mig_move m = move_to(ELSEWHERE);
	struct why why = { "" };
	uint32_t check;

	config.destinations[0] = (struct config_range){ 0x0a4d0000, 0xffff0000 };
	cr_expect_eq(start(ELSEWHERE, &why), ERR_REFUSED);
	cr_expect_str_eq(why.text, "lab-a moves no machines to 192.0.2.7 (destinations of [migration] in its tern.conf)");
	cr_expect_eq(manage_check_start(&m, &check, &why), ERR_REFUSED);
	cr_expect_eq(manage_job_count(), 0);
	cr_expect_eq(start(OTHER, &why), ERR_OK, "%s", why.text);
}

Test(moves, go_to_another_host)
{
	struct why why;

	cr_expect_eq(start(OWN, &why), ERR_INVALID);
	cr_expect_not_null(strstr(why.text, "is this host"), "%s", why.text);
}

Test(moves, are_asked_for_as_management_says)
{
	const struct mig_source_options *o;
	struct why why;

	cr_assert_eq(start(OTHER, &why), ERR_OK, "%s", why.text);
	o = &moves_service()->out[0].source->options;
	cr_expect(o->ipv4 == OTHER && o->port == 5991 && o->type == MIG_MOVE_LIVE && o->verify && o->priority == 9);
	cr_expect_eq(o->bandwidth_percent, 40);
	cr_expect_eq(o->max_downtime_ns, 123000000);
	cr_expect_eq(o->stuck, MIG_STUCK_FAIL);
}

Test(moves, of_a_host_whose_numbers_can_be_guessed_are_warned_of)
{
	struct why why;

	cr_assert_eq(start(OTHER, &why), ERR_OK);
	cr_expect_null(strstr(logged, "guessed"), "%s", logged);
	cr_assert_eq(manage_job_cancel(1, &why), ERR_OK);
	step(0);
	random_seed("x", 1, false);
	cr_assert_eq(start(OTHER, &why), ERR_OK, "%s", why.text);
	cr_expect_not_null(strstr(logged, "job 2: random numbers can be guessed on this host"), "%s", logged);
}

/* --- what the migration core asks of the host ---------------------------------------------------------- */

static const struct mig_host *host(void)
{
	return &moves_service()->core.host;
}

Test(moves, know_the_host_by_its_configuration)
{
	cr_expect_str_eq(host()->name, "lab-a");
	cr_expect(host()->uuid[0] == 1 && host()->boot_id[0] == 2 && host()->can_run_vms);
	cr_expect_eq(host()->resume_grace_ns, 30000000000ull);
	cr_expect_eq(host()->max_in, 2);
	cr_expect_eq(host()->store.ctx, &fake_store);
	cr_expect(host()->accept_from(NULL, 0x0a4dffff) && !host()->accept_from(NULL, 0x0a4e0001));
	cr_expect_eq(host()->wall_s(NULL), 1790000005);
	cr_expect_eq(host()->spare_chunks(NULL), 77);
	cr_expect(host()->memory_fits(NULL, 77 * CHUNK_SIZE) && !host()->memory_fits(NULL, 78 * CHUNK_SIZE));
	cr_expect_not(host()->defines(NULL, vm.uuid));
	defines = true;
	cr_expect(host()->defines(NULL, vm.uuid));
}

Test(moves, know_each_peer_of_the_configuration_that_has_one_address_but_not_this_host)
{
	uint32_t peer[8];

	cr_expect_eq(host()->peers(NULL, peer, 8), 0, "accept_from is a range");
	config.peers = 2;
	config.peer[0].ipv4 = OTHER;
	config.peer[1].ipv4 = OWN;
	config.destinations[0] = (struct config_range){ 0x0a4d0004, 0xffffffff };
	config.destinations[1] = (struct config_range){ 0x0a4d0100, 0xffffff00 };
	config.accept_from_mask = 0xffffffff;
	config.accept_from_ipv4 = 0x0a4d0005;
	cr_assert_eq(host()->peers(NULL, peer, 8), 3);
	cr_expect(peer[0] == OTHER && peer[1] == 0x0a4d0004 && peer[2] == 0x0a4d0005);
	cr_expect_eq(host()->peers(NULL, peer, 1), 1);
}

Test(moves, say_of_a_machine_whether_it_is_here)
{
	uint8_t other[16] = { 9 };

	cr_expect_eq(host()->vm_here(NULL, other), MIG_VM_ABSENT);
	cr_expect_eq(host()->vm_here(NULL, vm.uuid), MIG_VM_RUNS);
	may_start = true;
	cr_expect_eq(host()->vm_here(NULL, vm.uuid), MIG_VM_OFF);
	vm.state = VM_DEFINED;
	cr_expect_eq(host()->vm_here(NULL, vm.uuid), MIG_VM_ABSENT, "defined alone");
	waits = true;
	cr_expect_eq(host()->vm_here(NULL, vm.uuid), MIG_VM_WAITS);
	host()->vm_give_up(NULL, vm.uuid);
	cr_expect_eq(given_up, 1);
}

Test(moves, name_who_refuses_a_guest)
{
	struct why_list reasons = { 0 };

	host()->guest_check(NULL, &guest->def, &reasons);
	cr_expect_null(host()->guest_create(NULL, &guest->def, &reasons));
	cr_assert_eq(reasons.count, 2);
	for (unsigned i = 0; i < 2; i++)
		cr_expect(strstr(reasons.why[i].text, "lab-a") && strstr(reasons.why[i].text, "web1 is not welcome"), "%s", reasons.why[i].text);
}

static void expect_not_found(enum mig_move_type type, const char *name, const char *reason)
{
	struct why why = { "" };

	cr_expect_null(host()->guest_find(NULL, name, type, &why));
	cr_expect_not_null(strstr(why.text, reason), "%s", why.text);
}

Test(moves, find_only_a_machine_that_can_move_so)
{
	struct why why;

	expect_not_found(MIG_MOVE_LIVE, "web2", "there is no VM named web2");
	cr_expect_eq(host()->guest_find(NULL, "web1", MIG_MOVE_LIVE, &why), &guest->guest);
	vm.state = VM_FROZEN;
	expect_not_found(MIG_MOVE_LIVE, "web1", "web1 is frozen; it is on its way already");
	vm.state = VM_STOPPED;
	expect_not_found(MIG_MOVE_LIVE, "web1", "web1 is stopped; only a running VM");
	expect_not_found(MIG_MOVE_RESTART, "web1", "web1 has no kernel");
	restartable = true;
	cr_expect_eq(host()->guest_find(NULL, "web1", MIG_MOVE_RESTART, &why), &guest->guest);
}

Test(moves, find_no_machine_that_is_held_here)
{
	struct mig_note n = { .vm = "web1", .peer_name = "lab-b", .source = true };
	struct why why;

	memcpy(n.vm_uuid, vm.uuid, 16);
	cr_assert_eq(mig_away_put(&moves_service()->core.records, &n, NULL, NULL, &why), ERR_OK);
	cr_expect(moves_vm_held(&vm, &why) && moves_vm_away(vm.uuid));
	restartable = may_start = true;
	vm.state = VM_STOPPED;
	expect_not_found(MIG_MOVE_RESTART, "web1", "moved to lab-b");
	cr_expect_eq(manage_vm_reclaim("web1", false, &why), ERR_REFUSED);
	cr_expect_eq(manage_vm_reclaim("web1", true, &why), ERR_OK);
	cr_expect_not(moves_vm_held(&vm, &why));
	cr_expect_eq(manage_vm_reclaim("web9", true, &why), ERR_NOTFOUND);
}

Test(moves, say_why_no_connection_begins)
{
	struct why why;

	cr_expect_null(host()->connect(NULL, OTHER, 5991, &why));
	cr_expect_eq(connected, OTHER);
	cr_expect_not_null(strstr(why.text, "too many connections"), "%s", why.text);
	up = false;
	cr_expect_null(host()->connect(NULL, OTHER, 5991, &why));
	cr_expect_not_null(strstr(why.text, "no network"), "%s", why.text);
}

/* --- jobs ------------------------------------------------------------------------------------------------ */

static struct mig_job *new_job(void)
{
	struct mig_job *j = mig_core_job(&moves_service()->core, false, now_ns);

	cr_assert_not_null(j);
	strcpy(j->vm, "web1");
	j->peer_ipv4 = OTHER;
	return j;
}

Test(moves, of_a_machine_show_in_its_state_until_they_end)
{
	struct mig_job *j = new_job();

	cr_expect_eq(moves_vm_state("web1"), MOVES_VM_LEAVING);
	cr_expect_eq(moves_vm_job("web1"), j->id);
	j->in_doubt = true;
	cr_expect_eq(moves_vm_state("web1"), MOVES_VM_IN_DOUBT);
	cr_expect_eq(moves_vm_state("web2"), MOVES_VM_STAYS);
	mig_job_end(j, MIG_JOB_COMPLETED, 0, NULL, now_ns);
	cr_expect_eq(moves_vm_state("web1"), MOVES_VM_STAYS);
	cr_expect_eq(moves_vm_job("web1"), 0);
}

Test(moves, whose_machine_is_gone_end_with_the_reason)
{
	const struct mig_job *j;
	struct why why;

	cr_assert_eq(start(OTHER, &why), ERR_OK);
	why_set(&vm.why, "it powered off");
	vm.state = VM_STOPPED;
	moves_vm_gone(&vm);
	step(0);
	cr_expect_eq(ended, 1);
	j = manage_job_get(0);
	cr_assert_not_null(j);
	cr_expect_eq(j->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(j->error, "web1 is stopped: it powered off"), "%s", j->error);
	cr_expect_null(manage_job_get(1));
}

Test(moves, are_forced_and_cancelled_by_their_numbers)
{
	struct why why;

	cr_expect_eq(manage_job_cancel(5, &why), ERR_NOTFOUND);
	cr_expect_eq(manage_job_force(5, MIG_FORCE_RUN, true, &why), ERR_NOTFOUND);
	cr_assert_eq(start(OTHER, &why), ERR_OK);
	cr_expect_eq(manage_job_force(1, MIG_FORCE_RESUME, true, &why), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "not in doubt"), "%s", why.text);
	cr_expect_eq(manage_job_cancel(1, &why), ERR_OK);
}

/* --- records ----------------------------------------------------------------------------------------------- */

Test(moves, leave_records_that_show_without_secrets_and_are_dropped_by_number)
{
	struct mig_note n = { .attempt = { 9, 9 }, .vm = "web1", .vm_uuid = { 0xab }, .peer_name = "lab-b", .peer_ipv4 = OTHER, .when_s = 77 };
	struct mig_leftover r;
	struct why why;

	cr_assert_eq(mig_records_put(&moves_service()->core.records, &n, MIG_RECORD_OWNED, &why), ERR_OK);
	cr_expect_eq(manage_record_count(), 1);
	cr_assert(manage_record_get(0, &r));
	cr_expect_str_eq(r.state, "OWNED");
	cr_expect_str_eq(r.vm, "web1");
	cr_expect(r.vm_uuid[0] == 0xab && r.peer_ipv4 == OTHER);
	cr_expect_str_eq(r.peer_name, "lab-b");
	cr_expect(r.when_s == 77 && !r.source && !r.open && !r.holds);
	cr_expect_not(manage_record_get(1, &r));
	cr_assert(manage_record_get(0, &r));
	cr_expect_eq(manage_record_drop(r.id, false, &why), ERR_REFUSED);
	cr_expect_eq(manage_record_drop(r.id, true, &why), ERR_OK);
	cr_expect_not(manage_record_get(0, &r));
}
