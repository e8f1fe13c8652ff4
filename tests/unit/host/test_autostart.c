/* SPDX-License-Identifier: MIT */
#include "host/autostart.h"
#include <criterion/criterion.h>
#include <string.h>
#include "host/moves.h"
#include "host/vms.h"
#include "tests/fake/fake_log.h"

/* Which machines a host starts by itself, and when. */

#define MS 1000000ull

struct vm vms[VM_MAX];
static struct config config;
static bool peers, away, held;
static enum err answer;
static const char *said;
static unsigned starts, asked;
static uint64_t deadline;

bool moves_knows_peers(void) { return peers; }
bool moves_vm_away(const uint8_t uuid[16]) { return away && uuid; }

bool moves_vm_held(const struct vm *vm, struct why *why)
{
	why_set(why, "%s is held", vm->name);
	return held;
}

enum err moves_vm_seek(const struct vm *vm, uint64_t now_ns, struct why *why)
{
	cr_assert(vm->state == VM_DEFINED && now_ns);
	asked++;
	why_set(why, "%s", said);
	return answer;
}

struct vm *vm_find(const char *name)
{
	return strcmp(vms[0].name, name) ? NULL : &vms[0];
}

enum err vms_start(const char *name, struct why *why)
{
	cr_assert_str_eq(name, "web");
	starts++;
	if (away) {
		why_set(why, "it is away");
		return ERR_STATE;
	}
	vms[0].state = VM_RUNNING;
	return ERR_OK;
}

static void setup(void)
{
	memset(vms, 0, sizeof(vms));
	memset(&config, 0, sizeof(config));
	strcpy(config.vm[0].name, "web");
	config.vm[0].autostart = true;
	config.vms = 1;
	strcpy(vms[0].name, "web");
	vms[0].state = VM_DEFINED;
	peers = true;
	away = held = false;
	starts = asked = 0;
	answer = ERR_AGAIN;
	said = "";
	deadline = UINT64_MAX;
}

TestSuite(autostart, .init = setup);

static void step(void)
{
	static uint64_t now = MS;

	deadline = UINT64_MAX;
	autostart_step(now += 200 * MS, &deadline);
}

Test(autostart, of_a_host_that_knows_no_other_is_at_once)
{
	peers = false;
	autostart_init(&config);
	cr_expect_eq(starts, 1);
	cr_expect_not(autostart_waits(&vms[0]));
	step();
	cr_expect_eq(asked, 0);
	cr_expect_eq(deadline, UINT64_MAX);
}

Test(autostart, waits_until_all_have_said_that_it_is_not_there)
{
	autostart_init(&config);
	cr_expect_eq(starts, 0);
	cr_expect(autostart_waits(&vms[0]));
	said = "10.77.0.3 can't be asked";
	step();
	cr_expect_eq(starts, 0);
	cr_expect_str_eq(vms[0].why.text, "not started by itself: 10.77.0.3 can't be asked");
	cr_expect_neq(deadline, UINT64_MAX, "it looks again");
	answer = ERR_OK;
	said = "";
	step();
	cr_expect_eq(starts, 1);
	cr_expect_str_eq(vms[0].why.text, "");
	cr_expect_not(autostart_waits(&vms[0]));
	step();
	cr_expect_eq(asked, 2, "nobody is asked any more");
}

Test(autostart, of_what_is_elsewhere_is_given_up)
{
	autostart_init(&config);
	answer = ERR_REFUSED;
	said = "it runs on lab-b";
	step();
	answer = ERR_OK;
	step();
	cr_expect_eq(starts, 0);
	cr_expect_str_eq(vms[0].why.text, "not started by itself: it runs on lab-b");
	cr_expect_not(autostart_waits(&vms[0]));
}

Test(autostart, ends_when_an_operator_starts_it)
{
	autostart_init(&config);
	step();
	vms[0].state = VM_RUNNING;
	step();
	vms[0].state = VM_DEFINED;
	answer = ERR_OK;
	step();
	cr_expect_eq(starts, 0);
}

Test(autostart, of_what_went_elsewhere_asks_nobody_and_says_so)
{
	away = true;
	autostart_init(&config);
	step();
	cr_expect_eq(asked, 0);
	cr_expect_eq(starts, 1, "its refusal is what is logged");
	cr_expect_eq(vms[0].state, VM_DEFINED);
	cr_expect_not(autostart_waits(&vms[0]));
}

Test(autostart, waits_while_another_host_is_about_to_start_it)
{
	held = true;
	answer = ERR_OK;
	autostart_init(&config);
	step();
	cr_expect_eq(starts, 0);
	held = false;
	step();
	cr_expect_eq(starts, 1);
}

Test(autostart, is_only_of_what_is_marked)
{
	config.vm[0].autostart = false;
	autostart_init(&config);
	answer = ERR_OK;
	step();
	cr_expect_eq(starts, 0);
}

Test(autostart, of_what_is_held_says_by_what_and_logs_it_once)
{
	unsigned before = fake_log_warnings;

	held = true;
	autostart_init(&config);
	for (int n = 0; n < 1000; n++)
		step();
	cr_expect_eq(starts, 0);
	cr_expect_str_eq(vms[0].why.text, "not started by itself: web is held");
	cr_expect_eq(fake_log_warnings, before + 1);
	held = false;
	step();
	cr_expect_str_eq(vms[0].why.text, "", "it is held no longer");
}
