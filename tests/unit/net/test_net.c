/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
#include "net/net.h"
#include <criterion/criterion.h>
#include <string.h>
#include "net/tcp_channel.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_pci.h"

#define MS	1000000ull

static const uint8_t host_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x50 }, peer_mac[6] = { 2, 0, 0, 0, 0, 9 };
static const uint8_t host_ip[4] = { 10, 77, 0, 2 }, peer_ip[4] = { 10, 77, 0, 1 };
static struct config config = { .host_name = "lab-a", .mtu = 1500, .ipv4 = 0x0a4d0002, .netmask = 0xffffff00 };
static struct why why;
static unsigned seen;

static enum err start(void)
{
	pci_scan();
	return net_start(&config, &why);
}

static void run(unsigned ms)
{
	while (ms--) {
		fake_now_ns += MS;
		net_poll(fake_now_ns);
	}
}

/* The next frame sent whose bytes @at are @want; NULL if there is none. */
static const uint8_t *next_sent(size_t at, const char *want, size_t bytes, size_t *length)
{
	const uint8_t *f;

	while ((f = fake_e1000_sent(seen, length))) {
		seen++;
		if (*length >= at + bytes && !memcmp(f + at, want, bytes))
			return f;
	}
	return NULL;
}

static void arp_request_of(size_t bytes)
{
	uint8_t f[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	memcpy(f + 6, peer_mac, 6);
	memcpy(f + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
	memcpy(f + 22, peer_mac, 6);
	memcpy(f + 28, peer_ip, 4);
	memcpy(f + 38, host_ip, 4);
	cr_assert(fake_e1000_receive(f, bytes));
}

static void arp_request(void)
{
	arp_request_of(60);
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 frame with @body of @bytes from the peer; returns its length. */
static size_t ip_frame(uint8_t *f, uint8_t protocol, const uint8_t to[4], const uint8_t *body, size_t bytes)
{
	uint8_t *ip = f + 14;
	uint16_t sum;

	memset(f, 0, 34);
	memcpy(f, host_mac, 6);
	memcpy(f + 6, peer_mac, 6);
	f[12] = 8;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((20 + bytes) >> 8);
	ip[3] = (uint8_t)(20 + bytes);
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, peer_ip, 4);
	memcpy(ip + 16, to, 4);
	sum = checksum(ip, 20);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	memcpy(f + 34, body, bytes);
	return 34 + bytes;
}

Test(net, answers_arp_for_its_static_address)
{
	const uint8_t *f;
	size_t length;

	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	cr_assert_eq(net_ipv4(), 0x0a4d0002);
	cr_assert(net_up());
	arp_request();
	cr_assert(net_poll(fake_now_ns));
	f = next_sent(20, "\x00\x02", 2, &length);
	cr_assert_not_null(f);
	cr_assert_arr_eq(f, peer_mac, 6);
	cr_assert_arr_eq(f + 22, host_mac, 6);
	cr_assert_arr_eq(f + 28, host_ip, 4);
}

Test(net, a_frame_that_is_cut_short_is_not_read_on_into_the_one_before_it)
{
	size_t length;

	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	arp_request();
	net_poll(fake_now_ns);
	cr_assert_not_null(next_sent(20, "\x00\x02", 2, &length));
	arp_request_of(38);		/* without the address that it asks for */
	net_poll(fake_now_ns);
	cr_assert_null(next_sent(20, "\x00\x02", 2, &length));
}

Test(net, answers_a_ping_with_the_same_bytes)
{
	uint8_t frame[1514], echo[1480] = { 8, 0, 0, 0, 1, 2, 3, 4 };
	const uint8_t *f;
	size_t length;
	uint16_t sum;

	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	arp_request();
	net_poll(fake_now_ns);
	for (unsigned i = 8; i < sizeof(echo); i++)
		echo[i] = (uint8_t)i;
	sum = checksum(echo, sizeof(echo));
	echo[2] = (uint8_t)(sum >> 8);
	echo[3] = (uint8_t)sum;
	length = ip_frame(frame, 1, host_ip, echo, sizeof(echo));
	cr_assert(fake_e1000_receive(frame, length));
	net_poll(fake_now_ns);
	f = next_sent(23, "\x01", 1, &length);
	cr_assert_not_null(f);
	cr_assert_eq(length, 1514);
	cr_assert_eq(f[34], 0);
	cr_assert_arr_eq(f + 38, echo + 4, sizeof(echo) - 4);
}

Test(net, a_host_without_card_says_so_and_goes_on)
{
	fake_pci_add(0, 3, 0, 0x1af4, 0x1000, 0x020000);
	cr_assert_eq(start(), ERR_NOTFOUND);
	cr_assert(strstr(why.text, "1af4:1000"));
	cr_assert_not(net_poll(fake_now_ns));
	cr_assert_eq(net_deadline_ns(fake_now_ns), UINT64_MAX);
	cr_assert_not(net_up());
	cr_assert_eq(net_ipv4(), 0);
	cr_assert_eq(start(), ERR_STATE);
}

Test(net, connecting_without_card_fails_at_once)
{
	struct channel *ch;

	cr_assert_eq(start(), ERR_NOTFOUND);
	ch = tcp_channel_connect(0x0a4d0001, 80);
	cr_assert_eq(ch->ops->status(ch), ERR_IO);
}

Test(net, follows_the_link)
{
	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	fake_e1000.link = false;
	run(1000);
	cr_assert_not(net_up());
	fake_e1000.link = true;
	run(1000);
	cr_assert(net_up());
}

Test(net, work_left_to_send_is_due_now_and_idle_time_is_bounded_by_the_link_check)
{
	struct channel *ch;

	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	net_poll(fake_now_ns);
	cr_assert_gt(net_deadline_ns(fake_now_ns), fake_now_ns);
	cr_assert_leq(net_deadline_ns(fake_now_ns), fake_now_ns + 500 * MS);
	ch = tcp_channel_connect(0x0a4d0001, 80);	/* queues an ARP request */
	cr_assert_eq(net_deadline_ns(fake_now_ns), fake_now_ns);
	net_poll(fake_now_ns);
	cr_assert_gt(net_deadline_ns(fake_now_ns), fake_now_ns);
	ch->ops->abort(ch);
}

static uint64_t received(void)
{
	struct net_counters c;

	net_counters_get(&c);
	return c.nic.received;
}

Test(net, frames_of_a_flood_are_taken_in_bounded_turns)
{
	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	for (unsigned i = 0; i < 200; i++)
		arp_request();
	cr_assert(net_poll(fake_now_ns));
	cr_assert_eq(received(), 128);
	cr_assert(net_poll(fake_now_ns));
	cr_assert_eq(received(), 200);
	cr_assert_not(net_poll(fake_now_ns));
}

Test(net, frames_without_memory_are_dropped_and_counted)
{
	struct net_counters c;

	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	fake_pages_left = 0;
	for (unsigned i = 0; i < 100; i++) {
		uint8_t f[1000] = { 0xff };

		fake_e1000_receive(f, sizeof(f));
	}
	run(1);
	net_counters_get(&c);
	cr_assert_eq(c.recv_no_memory, 100);
}

Test(net, garbage_frames_change_nothing)
{
	uint8_t f[1514];
	uint32_t seed = 1;

	fake_e1000_plug();
	cr_assert_eq(start(), ERR_OK);
	for (unsigned i = 0; i < 20000; i++) {
		for (unsigned at = 0; at < 80; at++)
			f[at] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
		memcpy(f, host_mac, 6);
		memcpy(f + 12, i % 3 ? "\x08\x00\x45" : "\x08\x06\x00", 3);
		fake_e1000_receive(f, 14 + i % 1500);
		if (i % 100 == 0)
			run(1);
	}
	run(1);
	cr_assert(net_up());
}

/* --- DHCP -------------------------------------------------------------------------------------------- */

/* Answers DISCOVER and REQUEST frame @f as a server that gives 10.77.0.2/24. */
static void dhcp_answer(const uint8_t *f, uint8_t type)
{
	uint8_t frame[600], udp[8 + 300] = { 0, 67, 0, 68, (8 + 300) >> 8, (8 + 300) & 255 }, *d = udp + 8;
	static const uint8_t all[4] = { 255, 255, 255, 255 };
	const uint8_t options[] = { 0x63, 0x82, 0x53, 0x63, 53, 1, type, 54, 4, 10, 77, 0, 1, 51, 4, 0, 0, 14, 16,
				    1, 4, 255, 255, 255, 0, 3, 4, 10, 77, 0, 1, 255 };
	size_t length;

	d[0] = 2;
	d[1] = 1;
	d[2] = 6;
	memcpy(d + 4, f + 42 + 4, 4);	/* xid */
	memcpy(d + 16, host_ip, 4);
	memcpy(d + 28, host_mac, 6);
	memcpy(d + 236, options, sizeof(options));
	length = ip_frame(frame, 17, all, udp, sizeof(udp));
	memset(frame, 0xff, 6);
	cr_assert(fake_e1000_receive(frame, length));
}

static const uint8_t *dhcp_sent(uint8_t type)
{
	const uint8_t want[] = { 53, 1, type };
	const uint8_t *f;
	size_t length;

	/* UDP to port 67, and the message type option comes first after the cookie. */
	while ((f = next_sent(36, "\x00\x43", 2, &length)))
		if (length > 42 + 243 && !memcmp(f + 42 + 240, want, 3))
			return f;
	return NULL;
}

Test(net, takes_an_address_from_dhcp)
{
	const uint8_t *f;

	fake_e1000_plug();
	config.dhcp = true;
	cr_assert_eq(start(), ERR_OK);
	run(1);
	cr_assert_not(net_up());
	f = dhcp_sent(1);
	cr_assert_not_null(f, "DISCOVER");
	dhcp_answer(f, 2);
	run(1);
	f = dhcp_sent(3);
	cr_assert_not_null(f, "REQUEST");
	cr_assert(memmem(f, 400, "lab-a", 5), "carries the host's name");
	dhcp_answer(f, 5);
	run(3000);
	cr_assert(net_up());
	cr_assert_eq(net_ipv4(), 0x0a4d0002);
}

Test(net, asks_dhcp_again_when_nobody_answers)
{
	unsigned asked = 0;

	fake_e1000_plug();
	config.dhcp = true;
	cr_assert_eq(start(), ERR_OK);
	for (unsigned s = 0; s < 30; s++) {
		run(1000);
		while (dhcp_sent(1))
			asked++;
	}
	cr_assert_geq(asked, 3);
	cr_assert_not(net_up());
}
