/* SPDX-License-Identifier: MIT */
/* tcp_listen.c: ports that are listened to, and what is asked of a segment before lwIP looks at it. */
#include "net/tcp_listen.h"
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "net/lwip/guard.h"
#include "net/lwip/stack.h"
#include "net/tcp_channel.h"
#include "net/tcp_closing.h"

#define BACKLOG		64u	/* connections half open; then the oldest goes */
#define LISTENERS	8u

static struct listener listeners[LISTENERS];
static unsigned listener_count;

enum err tcp_channel_listen(uint16_t port, void (*accept)(struct channel *ch))
{
	struct tcp_pcb *pcb = listener_count < LISTENERS ? tcp_new() : NULL, *listening;

	if (!pcb)
		return ERR_NOMEM;
	if (tcp_bind(pcb, IP4_ADDR_ANY, port) != LWIP_ERR_OK) {
		(void)tcp_close(pcb);
		return ERR_EXISTS;
	}
	listening = tcp_listen_with_backlog(pcb, BACKLOG);
	if (!listening) {
		(void)tcp_close(pcb);
		return ERR_NOMEM;
	}
	listeners[listener_count] = (struct listener){ .accept = accept };
	tcp_arg(listening, &listeners[listener_count++]);
	tcp_accept(listening, tcp_listen_accepted);
	return ERR_OK;
}

static bool admits(const struct listener *l, uint32_t ipv4)
{
	return (ipv4 & l->from_mask) == (l->from_ipv4 & l->from_mask);
}

void tcp_channel_admit(uint16_t port, uint32_t ipv4, uint32_t mask)
{
	for (struct tcp_pcb_listen *p = tcp_listen_pcbs.listen_pcbs; p; p = p->next)
		if (p->local_port == port) {
			struct listener *l = p->callback_arg;

			l->from_ipv4 = ipv4;
			l->from_mask = mask;
		}
}

static void refuse(const struct tcp_pcb *pcb, const struct tcp_hdr *header, uint32_t ipv4)
{
	log_limited(time_ns(), LOG_WARN, "net",
		    "port %u takes no connections from %u.%u.%u.%u (accept_from in tern.conf)", pcb->local_port,
		    ipv4 >> 24, ipv4 >> 16 & 255, ipv4 >> 8 & 255, ipv4 & 255);
	tcp_rst(pcb, 0, header->seqno + 1, ip_current_dest_addr(), ip_current_src_addr(), header->dest, header->src);
}

/* Who asks for connections that he never completes must not keep others out (SYN flooding, RFC 4987). */
static void evict_half_open(const struct tcp_pcb_listen *listening)
{
	struct tcp_pcb *oldest = NULL;

	if (listening->accepts_pending < listening->backlog)
		return;
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (p->state == SYN_RCVD && p->listener == listening &&
		    (!oldest || tcp_ticks - p->tmr >= tcp_ticks - oldest->tmr))
			oldest = p;
	if (oldest)
		tcp_abandon(oldest, 0);
}

/* A connection in TIME_WAIT makes way for a new one between the same ends whose numbers lie behind its own, both ways
 * (RFC 1122, 4.2.2.13); lwIP would reset it, or say nothing of use. */
static bool is_newer(const struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
	uint32_t isn;

	if (!pcb->listener || !TCP_SEQ_GEQ(header->seqno, pcb->rcv_nxt))
		return false;
	isn = LWIP_HOOK_TCP_ISN(&pcb->local_ip, pcb->local_port, &pcb->remote_ip, pcb->remote_port);
	return TCP_SEQ_GEQ(isn, pcb->snd_nxt);
}

/* The segment as it came, to lwIP's beginning: the caller lets go of it, and so does lwIP. */
static void input_again(struct pbuf *p, struct tcp_hdr *header)
{
	uint16_t bytes = TCPH_HDRLEN_BYTES(header);

	if ((uint8_t *)p->payload != (uint8_t *)header + bytes || pbuf_add_header(p, bytes))
		return;
	header->src = lwip_htons(header->src);
	header->dest = lwip_htons(header->dest);
	header->seqno = lwip_htonl(header->seqno);
	header->ackno = lwip_htonl(header->ackno);
	header->wnd = lwip_htons(header->wnd);
	pbuf_ref(p);
	tcp_input(p, ip_current_input_netif());
}

err_t net_tcp_segment(struct tcp_pcb *pcb, struct tcp_hdr *header, struct pbuf *p)
{
	uint32_t ipv4 = lwip_ntohl(ip_current_src_addr()->addr);

	guard_for(&(struct guard_tuple){ ip_current_dest_addr()->addr, ip_current_src_addr()->addr, header->dest,
					 header->src });
	if ((TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return LWIP_ERR_OK;
	if (pcb->state == TIME_WAIT && is_newer(pcb, header)) {
		tcp_abandon(pcb, 0);
		input_again(p, header);
		return ERR_VAL;
	}
	if (pcb->state != LISTEN)
		return LWIP_ERR_OK;
	if (!admits(pcb->callback_arg, ipv4)) {
		refuse(pcb, header, ipv4);
		return ERR_VAL;
	}
	evict_half_open((struct tcp_pcb_listen *)pcb);
	tcp_closing_evict(ipv4);
	return LWIP_ERR_OK;
}

uint32_t net_tcp_ooseq_max(void)
{
	size_t fair = net_mem_left() / 8;

	return fair < TCP_WND ? (uint32_t)fair : TCP_WND;
}

uint16_t net_tcp_ooseq_pieces(void)
{
	/* Each takes two blocks at least, which may be small ones. */
	uint32_t by_bytes = net_tcp_ooseq_max() / (NET_MEM_BLOCK_MAX / 2), by_blocks = net_mem_small_left() / 16;

	return (uint16_t)((by_bytes < by_blocks ? by_bytes : by_blocks) + 1);
}
