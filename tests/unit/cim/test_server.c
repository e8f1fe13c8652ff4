/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
#include <criterion/criterion.h>
#include <stdio.h>
#include "cim_clients.h"
#include "fake_cim_client.h"

#define SECOND 1000000000ull

TestSuite(server, .init = server_fresh, .fini = server_gone);

/* Steps until nothing moves any more. */
static void settle(void)
{
	for (int n = 0; n < 100000 && cim_server_step(fake.now_ns); n++)
		;
}

static void after(uint64_t ns)
{
	fake_manage_advance(ns);
	settle();
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

static const char *names(void)
{
	return client_http("EnumerateInstanceNames", "root/virt", "CIMProtocolVersion: 1.0\r\n",
			   client_intrinsic("EnumerateInstanceNames", CLASS_NAME("CIM_ComputerSystem")));
}

static const char *check(void)
{
	return client_http("CheckVirtualSystemIsMigratableToHost", client_service_object, "",
			   client_extrinsic("CheckVirtualSystemIsMigratableToHost", NULL,
			   client_move("10.77.0.3", "")));
}

Test(server, a_connection_serves_requests_one_after_the_other)
{
	struct fake_channel *f = connect_one();

	for (unsigned n = 1; n <= 3; n++) {
		fake_channel_say(f, names());
		settle();
		cr_assert_eq(count(fake_channel_heard(f, false), "HTTP/1.1 200 OK"), n);
	}
	cr_assert_not(f->closed);
}

Test(server, header_and_body_leave_in_one_send)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, names());
	settle();
	cr_assert_eq(f->sends, 1);
	cr_assert(strstr(fake_channel_heard(f, false), "</CIM>"));
}

Test(server, the_length_in_the_header_is_the_length_of_the_body)
{
	struct fake_channel *f = connect_one();
	const char *a;

	fake_channel_say(f, names());
	settle();
	a = fake_channel_heard(f, false);
	cr_assert_eq(strtoul(strstr(a, "Content-Length: ") + 16, NULL, 10), strlen(strstr(a, "\r\n\r\n") + 4));
}

Test(server, requests_and_answers_may_trickle)
{
	struct fake_channel *f = connect_one();

	f->recv_most = f->send_most = 1;
	fake_channel_say(f, names());
	settle();
	cr_assert(strstr(fake_channel_heard(f, false), "</CIM>"));
}

Test(server, pipelined_requests_are_answered_in_order)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, check());
	fake_channel_say(f, names());
	settle();
	cr_assert_eq(f->out_length, 0, "the second must wait for the first");
	after(FAKE_CHECK_NS);
	cr_assert_lt(strstr(fake_channel_heard(f, false), "IsMigratable"),
		     strstr(fake_channel_heard(f, false), "INSTANCENAME"));
}

Test(server, a_waiting_check_does_not_hold_up_others)
{
	struct fake_channel *slow = connect_one(), *quick = connect_one();

	fake_channel_say(slow, check());
	fake_channel_say(quick, names());
	settle();
	cr_assert_eq(slow->out_length, 0);
	cr_assert(strstr(fake_channel_heard(quick, false), "200 OK"));
	cr_assert_leq(cim_server_deadline(), fake.now_ns + FAKE_CHECK_NS);
	after(FAKE_CHECK_NS);
	cr_assert(strstr(fake_channel_heard(slow, false), "<VALUE>TRUE</VALUE>"));
}

Test(server, a_client_that_resets_gives_its_check_up)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, check());
	settle();
	f->status = ERR_IO;
	settle();
	cr_assert(f->closed);
	cr_assert_eq(fake.drops, 1);
}

Test(server, a_client_that_only_stops_sending_gets_its_answer)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, check());
	f->status = ERR_CLOSED;
	settle();
	after(FAKE_CHECK_NS);
	cr_assert(strstr(fake_channel_heard(f, false), "<VALUE>TRUE</VALUE>"));
	cr_assert(f->closed);
	cr_assert_not(f->aborted);
}

Test(server, half_a_request_ends_after_30_seconds)
{
	struct fake_channel *f = connect_one();

	settle();
	fake_channel_say(f, "POST / HTTP/1.1\r\nHo");
	settle();
	after(29 * SECOND);
	cr_assert_not(f->closed);
	cr_assert_eq(cim_server_deadline(), fake.now_ns + SECOND);
	after(SECOND);
	cr_assert(strstr(fake_channel_heard(f, false), "HTTP/1.1 408"));
	after(3 * SECOND);
	cr_assert(f->closed);
}

Test(server, dripping_bytes_do_not_stretch_the_deadline)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, "POST / HTTP/1.1\r\n");
	settle();
	for (int n = 0; n < 31; n++) {
		fake_channel_say(f, "X-Y: z\r\n");
		after(SECOND);
	}
	cr_assert(strstr(fake_channel_heard(f, false), "HTTP/1.1 408"));
}

Test(server, a_silent_connection_ends_after_30_seconds)
{
	struct fake_channel *f = connect_one();

	settle();
	after(30 * SECOND);
	cr_assert(f->closed);
	cr_assert_eq(f->out_length, 0);
}

Test(server, an_idle_kept_connection_ends_after_120_seconds)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, names());
	settle();
	after(119 * SECOND);
	cr_assert_not(f->closed);
	after(SECOND);
	cr_assert(f->closed);
}

Test(server, a_client_that_does_not_read_is_reset)
{
	struct fake_channel *f = connect_one();

	f->full = true;
	fake_channel_say(f, names());
	settle();
	after(31 * SECOND);
	cr_assert(f->aborted);
}

Test(server, connections_are_bounded)
{
	struct fake_channel *f;

	for (int n = 0; n < 16; n++)
		connect_one();
	settle();
	f = connect_one();
	cr_assert(f->closed);
	cr_assert(strstr(fake_channel_heard(f, false), "HTTP/1.1 503"));
	client[3]->status = ERR_CLOSED;
	settle();
	f = connect_one();
	cr_assert_not(f->closed);
}

Test(server, what_can_not_be_parsed_is_answered_and_closed)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, "nonsense\r\n\r\n");
	f->status = ERR_OK;
	settle();
	cr_assert(strstr(fake_channel_heard(f, false), "Connection: close\r\n"));
	cr_assert_not(f->closed, "the client must be able to read it");
	f->status = ERR_CLOSED;
	settle();
	cr_assert(f->closed);
	cr_assert_not(f->aborted);
}

Test(server, connection_close_is_honoured)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, client_http("GetClass", "root/virt", "Connection: close\r\n",
					client_intrinsic("GetClass", "")));
	settle();
	cr_assert(strstr(fake_channel_heard(f, false), "Connection: close\r\n"));
	cr_assert(f->closed);
}

Test(server, a_wrong_request_does_not_end_the_connection)
{
	struct fake_channel *f = connect_one();

	fake_channel_say(f, client_http("GetClass", "root/virt", "", "<CIM>"));
	fake_channel_say(f, names());
	settle();
	cr_assert(strstr(fake_channel_heard(f, false),
			 "HTTP/1.1 400 Bad Request\r\nCIMError: request-not-well-formed\r\n"));
	cr_assert(strstr(fake_channel_heard(f, false), "HTTP/1.1 200 OK"));
}

Test(server, continue_is_said_before_the_body)
{
	struct fake_channel *f = connect_one();
	const char *all = client_http("GetClass", "root/virt", "Expect: 100-continue\r\n",
				      client_intrinsic("GetClass", ""));
	const char *body = strstr(all, "\r\n\r\n") + 4;
	char head[2000];

	snprintf(head, sizeof(head), "%.*s", (int)(body - all), all);
	fake_channel_say(f, head);
	settle();
	cr_assert_str_eq(fake_channel_heard(f, true), "HTTP/1.1 100 Continue\r\n\r\n");
	fake_channel_say(f, body);
	settle();
	cr_assert(strstr(fake_channel_heard(f, false), "HTTP/1.1 200 OK"));
	cr_assert_eq(count(fake_channel_heard(f, false), "100 Continue"), 0);
}

Test(server, nothing_to_do_means_no_deadline)
{
	cr_assert_eq(cim_server_deadline(), UINT64_MAX);
	cr_assert_not(cim_server_step(fake.now_ns));
}

/* @f has a connection, and what it asks for is answered. */
static void served(struct fake_channel *f)
{
	cr_expect_not(f->closed);
	fake_channel_say(f, names());
	settle();
	cr_expect(strstr(fake_channel_heard(f, false), "200 OK"));
}

Test(server, an_address_may_hold_three_quarters_of_the_connections)
{
	for (int n = 0; n < 16; n++) {
		fake_channel_say(connect_from(1), check());
		cr_expect_eq(client[n]->closed, n >= 12, "connection %d", n);
	}
	cr_expect(strstr(fake_channel_heard(client[12], false), "503 Service Unavailable"));
	settle();
	served(connect_from(2));
}

Test(server, an_address_that_holds_most_connections_makes_room_for_others)
{
	for (int n = 0; n < 16; n++) {
		fake_channel_say(connect_from(n < 12 ? 1 : 3), n % 2 ? "" : "POST / HTTP/1.1\r\nHo");
		after(SECOND / 100);
	}
	served(connect_from(2));
	cr_expect(client[0]->closed, "the one that was silent longest");
	cr_expect(connect_from(1)->closed, "not for one that holds as much");
}

Test(server, an_address_that_takes_its_answers_in_crumbs_makes_room_for_others)
{
	for (int n = 0; n < 16; n++) {
		struct fake_channel *f = connect_from(n < 12 ? 1 : 3);

		f->full = true;
		fake_channel_say(f, names());
	}
	settle();
	for (int n = 0; n < 16; n++) {
		client[n]->full = false;
		client[n]->send_most = 10;
		cim_server_step(fake.now_ns);
		client[n]->full = true;
	}
	after(SECOND);
	served(connect_from(2));
}

Test(server, an_answer_that_waits_for_a_moment_does_not_give_way)
{
	for (int n = 0; n < 16; n++) {
		struct fake_channel *f = connect_from(n < 12 ? 1 : 3);

		f->full = true;
		fake_channel_say(f, names());
	}
	settle();
	cr_expect(connect_from(2)->closed);
}

Test(server, a_connection_that_is_being_served_never_gives_way)
{
	cim_server_init(&(struct cim_config){ .connections = FAKE_CHECKS });
	for (int n = 0; n < FAKE_CHECKS; n++)
		fake_channel_say(connect_from(n < FAKE_CHECKS * 3 / 4 ? 1 : 3), check());
	settle();
	cr_expect(connect_from(2)->closed);
}
