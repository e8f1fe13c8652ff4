/* SPDX-License-Identifier: MIT */
/* unit: fake_random */
#include "host/manage.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "host/host.h"
#include "host/moves.h"
#include "host/store.h"
#include "host/vms.h"
#include "hv/vm.h"
#include "lib/blob.h"
#include "lib/pages.h"
#include "lib/random.h"
#include "net/net.h"

/* The host and its machines as management sees them. */

uint32_t cpu_count = 3;
struct vm vms[VM_MAX];
static struct config config;
static struct host_info info;
static struct net_counters counters;
static enum store_state records = STORE_KEPT;
static enum moves_vm moving;
static bool held, may_start, may_stop, away;
static enum err given;
static unsigned started, switched_off;
static uint32_t address, met;
static char typed[16];

const struct host_info *host_info(void) { return &info; }
uint32_t net_ipv4(void) { return address; }
uint64_t pages_total_bytes(void) { return 8ull << 30; }
uint64_t vm_memory_unpromised_chunks(void) { return 100; }
uint64_t blob_idle_chunks(void) { return 5; }
enum store_state store_state(void) { return records; }
const char *store_text(void) { return "kept by the firmware (boot 7)"; }
void net_counters_get(struct net_counters *out) { *out = counters; }
enum moves_vm moves_vm_state(const char *name) { (void)name; return moving; }
uint32_t moves_vm_job(const char *name) { (void)name; return moving ? 12 : 0; }
const char *vm_state_name(enum vm_state s) { return s == VM_STOPPED ? "stopped" : "something"; }
bool vm_life_allows(const struct vm *vm, enum vm_event e) { (void)vm; return e == VM_EVENT_START ? may_start : may_stop; }
void vm_switch_off(struct vm *vm, const char *format, ...) { (void)format; vm->state = VM_STOPPED; switched_off++; }
uint64_t machine_time_ns(const struct machine *m) { (void)m; return 42000; }
uint64_t time_ns(void) { return 99; }
uint64_t time_wall_seconds(void) { return 1790000000; }

bool moves_vm_held(const struct vm *vm, struct why *why)
{
	if (held)
		why_set(why, "%s moved to lab-b", vm->name);
	return held;
}

bool moves_vm_away(const uint8_t uuid[16]) { (void)uuid; return away; }

enum err moves_vm_claim(const struct vm *vm, struct why *why)
{
	if (given)
		why_set(why, "%s runs on lab-b", vm->name);
	return given;
}

bool moves_peer(const uint8_t uuid[16], uint32_t *ipv4)
{
	(void)uuid;
	*ipv4 = met;
	return met;
}

struct vm *vm_find(const char *name)
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state != VM_FREE && !strcmp(vms[i].name, name))
			return &vms[i];
	return NULL;
}

enum err vms_start(const char *name, struct why *why)
{
	(void)name, (void)why;
	started++;
	return ERR_OK;
}

size_t machine_console_read(const struct machine *m, uint64_t *offset, void *out, size_t room)
{
	(void)m;
	memcpy(out, "login:", room < 6 ? room : 6);
	*offset += 6;
	return 6;
}

size_t machine_console_write(struct machine *m, const void *data, size_t length)
{
	(void)m;
	memcpy(typed, data, length);
	return length;
}

static void add(unsigned i, const char *name, enum vm_state state)
{
	strcpy(vms[i].name, name);
	vms[i].state = state;
	vms[i].memory_bytes = 64 << 20;
	vms[i].vcpus = 1;
	vms[i].machine.vcpus = 1;
	vms[i].uuid[15] = (uint8_t)i;
}

static void setup(void)
{
	info = (struct host_info){ .config = &config, .name = "lab-a", .uuid = { 1 }, .boot_id = { 2 }, .can_run_vms = true,
				   .unused_bytes = 640 << 10, .unused_cpus = 1 };
	why_add(&info.limits, "one of 4 processors is not used");
	add(0, "web1", VM_RUNNING);
	add(2, "db1", VM_STOPPED);
}

TestSuite(manage, .init = setup);

static struct manage_vm shown(const char *name)
{
	struct manage_vm v;

	cr_assert(manage_vm_find(name, &v));
	return v;
}

Test(manage, shows_the_host_with_what_it_has_and_lacks)
{
	struct manage_host h;
	struct why why;

	config.max_downtime_ms = 300;
	manage_host_get(&h);
	cr_expect_str_eq(h.name, "lab-a");
	cr_expect_str_eq(h.uuid, "01000000-0000-0000-0000-000000000000");
	cr_expect_eq(h.ipv4, 0, "there is none yet");
	cr_expect_eq(h.free_bytes, 105 * CHUNK_SIZE);
	cr_expect(h.cpus == 3 && h.unused_cpus == 1 && h.unused_bytes == 640 << 10 && h.random_strong && h.records_kept);
	cr_expect_eq(h.max_downtime_ms, 300);
	cr_expect_str_eq(h.records, "kept by the firmware (boot 7)");
	cr_expect(manage_host_limit(0, &why) && !strcmp(why.text, "one of 4 processors is not used"));
	cr_expect_not(manage_host_limit(1, &why));
	address = 0x0a4d0002;
	records = STORE_FULL;
	random_seed("x", 1, false);
	manage_host_get(&h);
	cr_expect_eq(h.ipv4, 0x0a4d0002);
	cr_expect(!h.records_kept && !h.random_strong);
}

Test(manage, shows_what_the_network_counted)
{
	struct manage_net n;

	counters = (struct net_counters){ .nic = { .sent = 1, .received = 2, .recv_errors = 3, .recv_malformed = 4 }, .recv_no_memory = 5,
		.link_changes = 6, .tcp_retransmits = 7, .tcp_drops = 8, .tcp_checksum_errors = 9, .ip_drops = 10, .contained = 11,
		.memory_bytes = 12, .memory_failures = 13, .channels = 14 };
	manage_net_get(&n);
	cr_expect(n.frames_sent == 1 && n.frames_received == 2 && n.receive_errors == 7 && n.receive_no_memory == 5 && n.link_changes == 6);
	cr_expect(n.tcp_retransmits == 7 && n.tcp_drops == 8 && n.tcp_checksum_errors == 9 && n.ip_drops == 10 && n.contained == 11);
	cr_expect(n.memory_bytes == 12 && n.memory_failures == 13 && n.connections == 14);
}

Test(manage, counts_and_lists_only_machines_that_are_there)
{
	struct manage_vm v;

	cr_assert_eq(manage_vm_count(), 2);
	cr_assert(manage_vm_get(1, &v));
	cr_expect_str_eq(v.name, "db1");
	cr_expect_not(manage_vm_get(2, &v));
	cr_expect_not(manage_vm_find("web9", &v));
}

Test(manage, shows_a_machine_on_its_way_in_doubt_and_away)
{
	cr_expect_eq(shown("web1").state, MANAGE_VM_RUNNING);
	cr_expect_eq(shown("web1").uptime_ns, 42000);
	cr_expect_eq(shown("db1").uptime_ns, 0);
	moving = MOVES_VM_LEAVING;
	cr_expect(shown("web1").state == MANAGE_VM_EMIGRATING && shown("web1").job == 12);
	vms[0].state = VM_FROZEN;
	cr_expect_eq(shown("web1").state, MANAGE_VM_EMIGRATING);
	moving = MOVES_VM_IN_DOUBT;
	cr_expect_eq(shown("web1").state, MANAGE_VM_IN_DOUBT);
	held = may_start = true;
	cr_expect_eq(shown("db1").state, MANAGE_VM_IN_DOUBT);
	moving = MOVES_VM_STAYS;
	cr_expect_eq(shown("db1").state, MANAGE_VM_AWAY);
	cr_expect_str_eq(shown("db1").why, "db1 moved to lab-b");
}

Test(manage, a_machine_that_went_elsewhere_starts_here_once_it_is_given_back)
{
	struct why why;

	may_start = away = true;
	given = ERR_AGAIN;
	cr_expect_eq(manage_vm_start("db1", &why), ERR_AGAIN);
	given = ERR_STATE;
	cr_expect_eq(manage_vm_start("db1", &why), ERR_STATE);
	cr_expect_str_eq(why.text, "db1 runs on lab-b");
	cr_expect_eq(started, 0);
	given = ERR_OK;
	cr_expect_eq(manage_vm_start("db1", &why), ERR_OK);
	cr_expect_eq(started, 1);
}

Test(manage, starts_and_stops_no_machine_on_its_way)
{
	struct why why;

	may_stop = true;
	moving = MOVES_VM_LEAVING;
	cr_expect_eq(manage_vm_start("web1", &why), ERR_STATE);
	cr_expect_eq(manage_vm_stop("web1", &why), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "while it is moving"), "%s", why.text);
	cr_expect_eq(started + switched_off, 0);
	moving = MOVES_VM_STAYS;
	cr_expect_eq(manage_vm_start("db1", &why), ERR_OK);
	cr_expect_eq(manage_vm_stop("web1", &why), ERR_OK);
	cr_expect(started == 1 && switched_off == 1);
	may_stop = false;
	cr_expect_eq(manage_vm_stop("db1", &why), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "while it is stopped"), "%s", why.text);
	cr_expect_eq(manage_vm_stop("web9", &why), ERR_NOTFOUND);
}

Test(manage, types_only_into_a_machine_that_runs)
{
	uint64_t offset = 0;
	char out[8];

	cr_expect_eq(manage_console_read("web1", &offset, out, 8), 6);
	cr_expect_eq(offset, 6);
	cr_expect_eq(manage_console_read("web9", &offset, out, 8), 0);
	vms[2].machine.vcpus = 0;
	cr_expect_eq(manage_console_read("db1", &offset, out, 8), 0, "it was never made");
	cr_expect_eq(manage_console_write("db1", "rm", 2), 2);
	cr_expect_str_eq(typed, "", "it has nowhere to go");
	cr_expect_eq(manage_console_write("web1", "ls", 2), 2);
	cr_expect_str_eq(typed, "ls");
}

Test(manage, finds_a_peer_by_its_name_or_by_a_uuid_that_was_met)
{
	uint32_t at = 0;

	strcpy(config.peer[0].name, "lab-b");
	config.peer[0].ipv4 = 0x0a4d0003;
	config.peers = 1;
	cr_expect(manage_peer_find("LAB-B", &at) && at == 0x0a4d0003);
	cr_expect_not(manage_peer_find("lab-c", &at));
	cr_expect_not(manage_peer_find("01000000-0000-0000-0000-000000000000", &at), "never met");
	met = 0x0a4d0004;
	cr_expect(manage_peer_find("01000000-0000-0000-0000-000000000000", &at) && at == 0x0a4d0004);
}
