/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "cim/console.h"
#include "host/manage.h"
#include "tests/fake/fake_cim_channel.h"

#define SECOND 1000000000ull

/* One VM, web1: what it sent, what was typed at it. */
static struct {
	bool gone;
	char sent[4096], typed[4096];
	size_t sent_bytes, typed_bytes, typed_most;
} vm;

static struct fake_channel *client[CONSOLE_SESSIONS + 1];
static uint64_t now;

bool manage_vm_find(const char *name, struct manage_vm *out)
{
	memset(out, 0, sizeof(*out));
	return !vm.gone && !strcmp(name, "web1");
}

size_t manage_console_read(const char *name, uint64_t *offset, void *out, size_t room)
{
	size_t n = vm.sent_bytes - *offset;

	if (vm.gone || strcmp(name, "web1"))
		return 0;
	n = n < room ? n : room;
	memcpy(out, vm.sent + *offset, n);
	*offset += n;
	return n;
}

size_t manage_console_write(const char *name, const void *data, size_t length)
{
	size_t room = vm.typed_most - vm.typed_bytes, n = length < room ? length : room;

	cr_assert_str_eq(name, "web1");
	memcpy(vm.typed + vm.typed_bytes, data, n);
	vm.typed_bytes += n;
	return n;
}

static void settle(void)
{
	for (unsigned n = 0; console_step(now); n++)
		cr_assert_lt(n, 10000, "it never comes to rest");
}

static void fresh(void)
{
	memset(&vm, 0, sizeof(vm));
	vm.typed_most = sizeof(vm.typed);
	now = SECOND;
}

/* The peers go away, and with them the sessions. */
static void leave(void)
{
	for (unsigned i = 0; i <= CONSOLE_SESSIONS; i++)
		if (client[i]) {
			client[i]->in_at = client[i]->in_length;
			client[i]->status = ERR_CLOSED;
		}
	settle();
	for (unsigned i = 0; i <= CONSOLE_SESSIONS; i++) {
		free(client[i]);
		client[i] = NULL;
	}
}

TestSuite(console, .init = fresh, .fini = leave);

static struct fake_channel *connect_as(unsigned i, const char *says)
{
	client[i] = fake_channel_new();
	client[i]->status = ERR_OK;
	console_accept(&client[i]->ch);
	fake_channel_say(client[i], says);
	settle();
	return client[i];
}

static void guest_sends(const char *text)
{
	memcpy(vm.sent + vm.sent_bytes, text, strlen(text));
	vm.sent_bytes += strlen(text);
	settle();
}

Test(console, old_output_is_replayed_and_new_output_follows)
{
	struct fake_channel *c;

	guest_sends("booting\r\n");
	c = connect_as(0, "web1\n");
	cr_expect_str_eq(fake_channel_heard(c, true), "booting\r\n");
	guest_sends("login: ");
	cr_expect_str_eq(fake_channel_heard(c, true), "login: ");
}

Test(console, what_follows_the_name_is_typed)
{
	connect_as(0, "web1\r\nroot\rls\n");
	cr_expect_str_eq(vm.typed, "root\rls\n");
}

Test(console, a_name_may_come_in_pieces)
{
	struct fake_channel *c = connect_as(0, "we");

	cr_expect_not(c->closed);
	fake_channel_say(c, "b1\nx");
	settle();
	cr_expect_str_eq(vm.typed, "x");
}

Test(console, an_unknown_vm_is_named_and_the_session_ends)
{
	struct fake_channel *c = connect_as(0, "web2\n");

	cr_expect(strstr(fake_channel_heard(c, false), "no VM named web2"));
	cr_expect(c->closed);
}

Test(console, an_empty_name_is_no_vm)
{
	cr_expect(connect_as(0, "\n")->closed);
}

Test(console, a_name_without_end_is_cut_off)
{
	struct fake_channel *c = connect_as(0, "a-name-of-32-characters-and-more-");

	cr_expect(strstr(fake_channel_heard(c, false), "expected a VM's name"));
	cr_expect(c->closed);
}

Test(console, a_silent_client_is_sent_away_after_10_seconds)
{
	struct fake_channel *c = connect_as(0, "");

	now += 10 * SECOND;
	settle();
	cr_expect_not(c->closed);
	now += 1;
	settle();
	cr_expect(c->closed);
}

Test(console, a_client_that_trickles_is_sent_away_too)
{
	struct fake_channel *c = connect_as(0, "");

	for (unsigned i = 0; i < 12 && !c->closed; i++) {
		fake_channel_say(c, "w");
		settle();
		now += SECOND;
	}
	cr_expect(c->closed);
}

Test(console, a_client_that_sends_no_name_but_carriage_returns_is_read_in_pieces)
{
	static char returns[100001];
	struct fake_channel *c = connect_as(0, "");

	memset(returns, '\r', sizeof(returns) - 1);
	fake_channel_say(c, returns);
	cr_expect(console_step(now), "there is more");
	cr_expect_leq(c->in_at, 1024);
	now += 11 * SECOND;
	settle();
	cr_expect(c->closed);
}

Test(console, a_full_channel_loses_and_repeats_nothing)
{
	struct fake_channel *c = connect_as(0, "web1\n");

	c->send_most = 3;
	guest_sends("0123456789");
	c->full = true;
	guest_sends("abc");
	c->full = false;
	settle();
	cr_expect_str_eq(fake_channel_heard(c, false), "0123456789abc");
}

Test(console, a_guest_that_does_not_read_loses_nothing)
{
	vm.typed_most = 2;
	connect_as(0, "web1\nhello");
	cr_expect_str_eq(vm.typed, "he");
	vm.typed_most = 4;
	settle();
	vm.typed_most = 100;
	settle();
	cr_expect_str_eq(vm.typed, "hello");
}

Test(console, two_clients_see_the_same)
{
	struct fake_channel *a = connect_as(0, "web1\n"), *b = connect_as(1, "web1\n");

	guest_sends("x");
	cr_expect_str_eq(fake_channel_heard(a, false), "x");
	cr_expect_str_eq(fake_channel_heard(b, false), "x");
}

Test(console, one_session_too_many_is_told_so)
{
	struct fake_channel *c = NULL;

	for (unsigned i = 0; i <= CONSOLE_SESSIONS; i++)
		c = connect_as(i, "web1\n");
	cr_expect(strstr(fake_channel_heard(c, false), "too many"));
	cr_expect(c->closed);
	cr_expect_not(client[0]->closed);
}

Test(console, a_client_that_leaves_makes_room)
{
	struct fake_channel *c;

	for (unsigned i = 0; i < CONSOLE_SESSIONS; i++)
		connect_as(i, "web1\n");
	client[3]->status = ERR_CLOSED;
	settle();
	cr_expect(client[3]->closed);
	c = connect_as(CONSOLE_SESSIONS, "web1\n");
	cr_expect_not(c->closed);
}

Test(console, when_the_vm_leaves_the_session_ends)
{
	struct fake_channel *c = connect_as(0, "web1\n");

	vm.gone = true;
	settle();
	cr_expect(strstr(fake_channel_heard(c, false), "no longer here"));
	cr_expect(c->closed);
}

Test(console, an_address_that_holds_all_sessions_makes_room_for_another)
{
	struct fake_channel *c;

	for (unsigned i = 0; i < CONSOLE_SESSIONS; i++) {
		now += SECOND;
		connect_as(i, "web1\n")->ch.peer_ipv4 = 0x0a4d0063;
	}
	c = client[CONSOLE_SESSIONS] = fake_channel_new();
	c->ch.peer_ipv4 = 0x0a4d0064;
	fake_channel_say(c, "web1\n");
	console_accept(&c->ch);
	settle();
	cr_expect_not(c->closed);
	cr_expect(client[0]->closed, "the one that was silent longest");
	cr_expect(strstr(fake_channel_heard(client[0], false), "gave way"));
	guest_sends("x");
	cr_expect_str_eq(fake_channel_heard(c, false), "x");
}

Test(console, a_session_into_which_nothing_was_typed_for_long_gives_way)
{
	for (unsigned i = 0; i < CONSOLE_SESSIONS; i++)
		connect_as(i, "web1\n");
	now += 599 * SECOND;
	fake_channel_say(client[0], "hello");
	settle();
	now += SECOND;
	settle();
	connect_as(CONSOLE_SESSIONS, "web1\n");
	cr_expect_not(client[CONSOLE_SESSIONS]->closed);
	cr_expect_not(client[0]->closed, "that one was typed into");
	cr_expect(client[1]->closed);
}
