/* SPDX-License-Identifier: MIT */
#include "net/net.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "net/lwip/guard.h"
#include "net/lwip/mem.h"
#include "net/lwip/stack.h"
#include "net/tcp_channel.h"

#define CHECK_NS	500000000ull	/* link and hang */
#define RETRY_NS	1000000ull	/* while the send ring is full */
#define RECV_BATCH	128u		/* frames of one poll: services get their turn */
#define MTU_MAX		1500u
#define FRAME_LEAST	60u		/* of Ethernet; a card may hand on less */

static struct nic *nic;
static struct netif netif;
static struct config host;		/* netif keeps a pointer to the name in it */
static bool started;
static bool send_was_full, flush_pending;
static uint64_t check_at_ns;
static uint64_t recv_no_memory, link_changes;

static err_t send_frame(struct netif *n, struct pbuf *p)
{
	uint8_t *frame;

	(void)n;
	if (p->tot_len > NIC_FRAME_MAX)
		return ERR_IF;
	frame = nic->ops->send_buffer(nic);
	if (!frame) {
		/* TCP keeps the segment and tries again (tcp_txnow). */
		send_was_full = true;
		return ERR_MEM;
	}
	pbuf_copy_partial(p, frame, p->tot_len, 0);
	nic->ops->send(nic, p->tot_len);
	flush_pending = true;
	return LWIP_ERR_OK;
}

static err_t netif_up(struct netif *n)
{
	n->name[0] = 'e';
	n->name[1] = 'n';
	n->hostname = host.host_name;
	n->output = etharp_output;
	n->linkoutput = send_frame;
	n->mtu = host.mtu < MTU_MAX ? host.mtu : MTU_MAX;
	n->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(n->hwaddr, nic->mac, ETH_HWADDR_LEN);
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
	return LWIP_ERR_OK;
}

static void on_status(struct netif *n)
{
	uint32_t a = net_ipv4();

	(void)n;
	if (a)
		log_info("net", "address %u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

static void check_link(void)
{
	bool up = nic->ops->link_up(nic);

	if (up == (bool)netif_is_link_up(&netif))
		return;
	link_changes++;
	log_info("net", "link %s", up ? "up" : "down");
	if (up)
		netif_set_link_up(&netif);
	else
		netif_set_link_down(&netif);
}

static void input(struct pbuf *p)
{
	if (netif.input(p, &netif) != LWIP_ERR_OK)
		pbuf_free(p);
}

static void receive(const uint8_t *frame, size_t length)
{
	/* lwIP reads the headers of a frame without asking whether all of them came. */
	size_t padded = length < FRAME_LEAST ? FRAME_LEAST : length;
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (uint16_t)padded, PBUF_RAM);

	if (!p) {
		recv_no_memory++;
		return;
	}
	memcpy(p->payload, frame, length);
	memset((uint8_t *)p->payload + length, 0, padded - length);
	guard_run(input(p));
}

enum err net_start(const struct config *cfg, struct why *why)
{
	ip4_addr_t address = { 0 }, mask = { 0 }, gateway = { 0 };
	enum err e;

	if (started) {
		why_set(why, "the network was started before");
		return ERR_STATE;
	}
	started = true;
	host = *cfg;
	lwip_init();
	e = nic_find(&nic, why);
	if (e != ERR_OK)
		return e;
	log_info("net", "%s, MAC %02x:%02x:%02x:%02x:%02x:%02x", nic->name, nic->mac[0], nic->mac[1], nic->mac[2],
		 nic->mac[3], nic->mac[4], nic->mac[5]);
	if (host.mtu > MTU_MAX)
		log_warn("net", "mtu %u is more than the card's driver carries, %u is used", host.mtu, MTU_MAX);
	if (!host.dhcp) {
		address.addr = lwip_htonl(host.ipv4);
		mask.addr = lwip_htonl(host.netmask);
		gateway.addr = lwip_htonl(host.gateway);
	}
	if (!netif_add(&netif, &address, &mask, &gateway, NULL, netif_up, ethernet_input)) {
		nic = NULL;
		why_set(why, "lwIP did not take the network interface");
		return ERR_NOMEM;
	}
	netif_set_default(&netif);
	netif_set_status_callback(&netif, on_status);
	netif_set_up(&netif);
	check_link();
	if (host.dhcp && dhcp_start(&netif) != LWIP_ERR_OK) {
		why_set(why, "DHCP did not start: no memory");
		return ERR_NOMEM;
	}
	check_at_ns = time_ns() + CHECK_NS;
	return ERR_OK;
}

static bool poll_nic(uint64_t now_ns)
{
	const uint8_t *frame;
	size_t length;
	unsigned frames = 0;

	while (frames < RECV_BATCH && (frame = nic->ops->recv(nic, &length))) {
		receive(frame, length);
		frames++;
	}
	if (now_ns >= check_at_ns) {
		check_at_ns = now_ns + CHECK_NS;
		nic->ops->check(nic, now_ns);
		check_link();
	}
	return frames;
}

bool net_poll(uint64_t now_ns)
{
	bool progress;

	if (!nic)
		return false;
	progress = poll_nic(now_ns);
	sys_check_timeouts();
	if (send_was_full && nic->ops->send_buffer(nic)) {
		send_was_full = false;
		tcp_txnow();
	}
	if (tcp_channel_poll(now_ns))
		progress = true;
	if (flush_pending) {
		flush_pending = false;
		nic->ops->flush(nic);
	}
	return progress;
}

void net_arm(void)
{
	if (nic)
		nic->ops->arm(nic);
}

uint64_t net_deadline_ns(uint64_t now_ns)
{
	uint64_t at, timer;
	uint32_t sleep_ms;

	if (!nic)
		return UINT64_MAX;
	if (flush_pending)
		return now_ns;
	at = tcp_channel_deadline_ns(now_ns);
	sleep_ms = sys_timeouts_sleeptime();
	timer = sleep_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? UINT64_MAX : now_ns + sleep_ms * 1000000ull;
	at = timer < at ? timer : at;
	at = check_at_ns < at ? check_at_ns : at;
	if (send_was_full && now_ns + RETRY_NS < at)
		at = now_ns + RETRY_NS;
	return at;
}

uint32_t net_ipv4(void)
{
	return nic ? lwip_ntohl(netif_ip4_addr(&netif)->addr) : 0;
}

bool net_up(void)
{
	return nic && netif_is_up(&netif) && netif_is_link_up(&netif) && net_ipv4();
}

void net_counters_get(struct net_counters *out)
{
	memset(out, 0, sizeof(*out));
	if (nic)
		out->nic = nic->counters;
	out->recv_no_memory = recv_no_memory;
	out->link_changes = link_changes;
	out->tcp_retransmits = lwip_stats.mib2.tcpretranssegs;
	out->tcp_drops = lwip_stats.tcp.drop;
	out->tcp_checksum_errors = lwip_stats.tcp.chkerr;
	out->ip_drops = lwip_stats.ip.drop;
	out->contained = guard_contained();
	out->memory_bytes = net_mem_used();
	out->memory_failures = net_mem_failures();
	out->channels = tcp_channel_count();
}
