/* SPDX-License-Identifier: MIT */
#include "net/tcp_channel.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "net/lwip/guard.h"
#include "net/lwip/stack.h"
#include "net/tcp_closing.h"
#include "net/tcp_listen.h"
#include "net/tcp_policy.h"

#define CONNECT_NS	5000000000ull
#define ACK_DELAY_NS	5000000ull
/* A dead peer is noticed after 5 s of silence and five probes, one a second. */
#define KEEP_IDLE_MS	5000u
#define KEEP_INTERVAL_MS 1000u
#define KEEP_COUNT	5u
/* RFC 6298's first retransmission timeout; lwIP 2.1 begins with the three seconds of RFC 1122. */
#define FIRST_RTO	(1000 / TCP_SLOW_INTERVAL)
#define MOVED_BYTES	16384u
#define LITTLE_BYTES	65536u	/* who holds no more than this may have another's room */
#define WRITE_BYTES	16384u	/* tcp_write takes a u16_t */
#define OUTPUT_BYTES	65536u	/* a long burst starts on the wire before the end of the poll */
#define COALESCE_BELOW	256u	/* shorter segments share a pbuf */
#define COALESCE_BYTES	1460u

struct tcp_channel {
	struct channel ch;
	struct tcp_channel *next;
	struct tcp_pcb *pcb;		/* NULL once lwIP has freed it */
	enum err status;
	bool peer_closed;
	const struct listener *fresh;	/* accepted, not yet handed out */
	uint64_t connect_deadline_ns;	/* while status is ERR_AGAIN */
	struct pbuf *head, *tail;	/* received; linked by next, tot_len is not kept */
	size_t head_offset;
	size_t unread;
	uint16_t coalesce_room;		/* left in tail, if it is one that coalesces */
	size_t unacked;
	uint64_t acked;			/* in all */
	struct tcp_progress progress;
	/* When it last took or gave MOVED_BYTES or everything, and what was acked then. */
	uint64_t moved_ns, moved_acked;
	size_t written;			/* since the last tcp_output */
	uint64_t ack_since_ns;		/* an acknowledgement waits to ride on an answer; 0: none */
};

static struct tcp_channel *channels;
static unsigned count;
static bool progress;
static bool reclaim_wanted;

static struct tcp_channel *of(struct channel *ch)
{
	return (struct tcp_channel *)ch;
}

/* --- what lwIP calls ------------------------------------------------------------------------------- */

static void append(struct tcp_channel *c, struct pbuf *p)
{
	if (c->tail)
		c->tail->next = p;
	else
		c->head = p;
	while (p->next)
		p = p->next;
	c->tail = p;
	c->coalesce_room = 0;
}

/* A peer that sends a byte at a time must not hold a whole block for each: small segments are coalesced. */
static bool coalesce(struct tcp_channel *c, struct pbuf *p)
{
	if (p->tot_len >= COALESCE_BELOW)
		return false;
	if (c->coalesce_room < p->tot_len) {
		struct pbuf *room = pbuf_alloc(PBUF_RAW, COALESCE_BYTES, PBUF_RAM);

		if (!room)
			return false;
		room->len = 0;
		append(c, room);
		c->coalesce_room = COALESCE_BYTES;
	}
	pbuf_copy_partial(p, (uint8_t *)c->tail->payload + c->tail->len, p->tot_len, 0);
	c->tail->len = (uint16_t)(c->tail->len + p->tot_len);
	c->coalesce_room = (uint16_t)(c->coalesce_room - p->tot_len);
	pbuf_free(p);
	return true;
}

/* Memory that the channel holds at most: each piece that is queued or waits to be read may have a whole block. */
static size_t held(const struct tcp_channel *c)
{
	return (c->pcb ? c->pcb->snd_queuelen * (size_t)NET_MEM_BLOCK_MAX : 0) + 2 * c->unread;
}

static size_t held_by(uint32_t ipv4)
{
	size_t all = tcp_closing_held(ipv4);

	for (const struct tcp_channel *c = channels; c; c = c->next)
		if (c->ch.peer_ipv4 == ipv4)
			all += held(c);
	return all;
}

static size_t memory_room(const struct tcp_channel *c)
{
	size_t room = tcp_policy_room(net_mem_left(), held(c), held_by(c->ch.peer_ipv4));

	if (room < LITTLE_BYTES && held(c) <= LITTLE_BYTES)
		reclaim_wanted = true;
	return room;
}

/* The time before it held anything is not time that it kept from others. */
static void may_begin_to_hold(struct tcp_channel *c)
{
	if (!held(c))
		c->moved_ns = time_ns();
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
	struct tcp_channel *c = arg;

	(void)pcb, (void)e;
	progress = true;
	if (!p) {
		c->peer_closed = true;
		return LWIP_ERR_OK;
	}
	/* lwIP keeps it, asks again and takes no more in. */
	if (memory_room(c) < p->tot_len)
		return ERR_MEM;
	may_begin_to_hold(c);
	c->unread += p->tot_len;
	if (!coalesce(c, p))
		append(c, p);
	return LWIP_ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, uint16_t length)
{
	struct tcp_channel *c = arg;

	(void)pcb;
	progress = true;
	c->unacked -= length;
	c->acked += length;
	if (!c->unacked || c->acked - c->moved_acked >= MOVED_BYTES) {
		c->moved_acked = c->acked;
		c->moved_ns = time_ns();
	}
	return LWIP_ERR_OK;
}

/* lwIP has freed the pcb already. */
static void on_error(void *arg, err_t e)
{
	struct tcp_channel *c = arg;

	progress = true;
	c->pcb = NULL;
	if (e == ERR_RST)
		c->status = c->status == ERR_AGAIN ? ERR_REFUSED : ERR_IO;
	else if (e == ERR_ABRT)
		c->status = ERR_TIMEOUT;
	else if (e == ERR_CLSD)
		c->peer_closed = true;
	else
		c->status = ERR_IO;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t e)
{
	struct tcp_channel *c = arg;

	(void)pcb, (void)e;
	progress = true;
	c->status = ERR_OK;
	return LWIP_ERR_OK;
}

/* --- life ------------------------------------------------------------------------------------------ */

static void attach(struct tcp_channel *c, struct tcp_pcb *pcb)
{
	c->pcb = pcb;
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_nagle_disable(pcb);
	ip_set_option(pcb, SOF_KEEPALIVE);
	pcb->keep_idle = KEEP_IDLE_MS;
	pcb->keep_intvl = KEEP_INTERVAL_MS;
	pcb->keep_cnt = KEEP_COUNT;
	if (pcb->rto > FIRST_RTO)
		pcb->rto = pcb->sv = FIRST_RTO;
}

/* After this lwIP holds no pointer to the channel. */
static struct tcp_pcb *detach(struct tcp_channel *c)
{
	struct tcp_pcb *pcb = c->pcb;

	c->pcb = NULL;
	if (!pcb)
		return NULL;
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	return pcb;
}

static void open_window(struct tcp_pcb *pcb, size_t bytes)
{
	while (bytes) {
		uint16_t piece = bytes > UINT16_MAX ? UINT16_MAX : (uint16_t)bytes;

		tcp_recved(pcb, piece);
		bytes -= piece;
	}
}

/* Frees the head of the queue; returns its unread bytes. */
static size_t drop_head(struct tcp_channel *c)
{
	struct pbuf *p = c->head;
	size_t unread = p->len - c->head_offset;

	c->head = p->next;
	c->head_offset = 0;
	if (!c->head) {
		c->tail = NULL;
		c->coalesce_room = 0;
	}
	p->next = NULL;
	p->tot_len = p->len;
	pbuf_free(p);
	return unread;
}

static size_t drop_received(struct tcp_channel *c)
{
	size_t bytes = 0;

	while (c->head)
		bytes += drop_head(c);
	return bytes;
}

static void destroy(struct tcp_channel *c)
{
	struct tcp_channel **at = &channels;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	count--;
	net_mem_free(c);
}

static void op_close(struct channel *ch)
{
	struct tcp_channel *c = of(ch);
	size_t unread = drop_received(c);
	struct tcp_pcb *pcb = detach(c);

	destroy(c);
	if (!pcb)
		return;
	if (pcb->state == SYN_SENT || pcb->state == CLOSED) {
		(void)tcp_close(pcb);
		return;
	}
	/* Unread bytes count as read, and more of them are welcome: a reset for them would tear what we sent
	 * out of the peer's hands. */
	open_window(pcb, unread);
	tcp_closing_begin(pcb);
}

static void op_abort(struct channel *ch)
{
	struct tcp_channel *c = of(ch);
	struct tcp_pcb *pcb;

	(void)drop_received(c);
	pcb = detach(c);
	destroy(c);
	if (pcb)
		tcp_abort(pcb);
}

/* --- bytes ----------------------------------------------------------------------------------------- */

static void guard_for_pcb(const struct tcp_pcb *pcb)
{
	guard_for(&(struct guard_tuple){ pcb->local_ip.addr, pcb->remote_ip.addr, pcb->local_port, pcb->remote_port });
}

static void output_pcb(struct tcp_pcb *pcb)
{
	guard_for_pcb(pcb);
	(void)tcp_output(pcb);
}

static void output(struct tcp_channel *c)
{
	c->written = 0;
	c->ack_since_ns = 0;
	guard_run(output_pcb(c->pcb));
}

static err_t write_piece(struct tcp_channel *c, const uint8_t *data, size_t bytes, bool more)
{
	guard_for_pcb(c->pcb);
	return tcp_write(c->pcb, data, (uint16_t)bytes, TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0));
}

static size_t write_all(struct tcp_channel *c, const uint8_t *data, size_t length)
{
	size_t taken = 0, limit = WRITE_BYTES;

	while (taken < length && c->pcb) {
		size_t piece = length - taken, room = tcp_sndbuf(c->pcb);
		err_t e;

		piece = piece < room ? piece : room;
		piece = piece < limit ? piece : limit;
		if (!piece)
			break;
		e = write_piece(c, data + taken, piece, taken + piece < length);
		if (e == ERR_MEM) {
			/* All or nothing: with little memory left a smaller piece may still do. */
			limit = piece / 2;
			continue;
		}
		if (e != LWIP_ERR_OK)
			break;
		taken += piece;
		c->unacked += piece;
		c->written += piece;
		if (c->written >= OUTPUT_BYTES)
			output(c);
	}
	return taken;
}

static size_t op_send(struct channel *ch, const void *data, size_t length)
{
	static size_t taken;	/* outlives the jump out of an assertion */
	struct tcp_channel *c = of(ch);
	size_t room;

	if (!c->pcb || c->status != ERR_OK)
		return 0;
	/* Of the smallest segments four would be in a block. */
	room = memory_room(c) / (NET_MEM_BLOCK_MAX / TCP_MIN_SND_MSS + 1);
	taken = 0;
	may_begin_to_hold(c);
	net_mem_bulk(true);
	guard_run(taken = write_all(c, data, length < room ? length : room));
	net_mem_bulk(false);
	return taken;
}

static size_t op_recv(struct channel *ch, void *out, size_t room)
{
	struct tcp_channel *c = of(ch);
	size_t got = 0;

	while (c->head && got < room) {
		size_t here = c->head->len - c->head_offset;

		here = here < room - got ? here : room - got;
		memcpy((uint8_t *)out + got, (uint8_t *)c->head->payload + c->head_offset, here);
		got += here;
		c->unread -= here;
		c->head_offset += here;
		if (c->head_offset == c->head->len)
			(void)drop_head(c);
	}
	if (got)
		c->moved_ns = time_ns();
	if (c->pcb)
		open_window(c->pcb, got);
	return got;
}

static enum err op_status(struct channel *ch)
{
	struct tcp_channel *c = of(ch);

	if (c->status != ERR_OK)
		return c->status;
	return c->peer_closed && !c->head ? ERR_CLOSED : ERR_OK;
}

static size_t op_unacked(struct channel *ch)
{
	return of(ch)->unacked;
}

static const struct channel_ops ops = {
	.send = op_send,
	.recv = op_recv,
	.status = op_status,
	.unacked = op_unacked,
	.close = op_close,
	.abort = op_abort,
};

/* --- new channels ---------------------------------------------------------------------------------- */

static struct tcp_channel *create(void)
{
	struct tcp_channel *c = count < TCP_CHANNELS_MAX ? net_mem_calloc(1, sizeof(*c)) : NULL;

	if (!c)
		return NULL;
	c->ch.ops = &ops;
	c->moved_ns = time_ns();
	c->next = channels;
	channels = c;
	count++;
	return c;
}

struct channel *tcp_channel_connect(uint32_t ipv4, uint16_t port)
{
	struct tcp_channel *c = create();
	struct tcp_pcb *pcb;
	ip_addr_t address;

	if (c)
		tcp_closing_evict(ipv4);
	pcb = c ? tcp_new() : NULL;
	if (!pcb) {
		if (c)
			destroy(c);
		return NULL;
	}
	c->ch.peer_ipv4 = ipv4;
	c->ch.peer_port = port;
	c->status = ERR_AGAIN;
	c->connect_deadline_ns = time_ns() + CONNECT_NS;
	attach(c, pcb);
	ip_addr_set_ip4_u32_val(address, lwip_htonl(ipv4));
	if (tcp_connect(pcb, &address, port, on_connected) != LWIP_ERR_OK) {
		tcp_abort(detach(c));
		c->status = ERR_IO;
	}
	progress = true;
	return &c->ch;
}

static unsigned channels_of(uint32_t ipv4)
{
	unsigned n = 0;

	for (const struct tcp_channel *c = channels; c; c = c->next)
		n += c->ch.peer_ipv4 == ipv4;
	return n;
}

err_t tcp_listen_accepted(void *arg, struct tcp_pcb *pcb, err_t e)
{
	struct tcp_channel *c;
	uint32_t ipv4;

	if (!pcb || e != LWIP_ERR_OK)
		return ERR_VAL;
	ipv4 = lwip_ntohl(ip_addr_get_ip4_u32(&pcb->remote_ip));
	c = channels_of(ipv4) < TCP_CHANNELS_OF_ADDRESS ? create() : NULL;
	if (!c) {
		log_limited(time_ns(), LOG_WARN, "net",
			    "connection to port %u refused: %u channels open, %u of them to the same address",
			    pcb->local_port, count, channels_of(ipv4));
		return ERR_MEM;
	}
	attach(c, pcb);
	c->ch.peer_ipv4 = ipv4;
	c->ch.peer_port = pcb->remote_port;
	c->status = ERR_OK;
	c->fresh = arg;
	progress = true;
	return LWIP_ERR_OK;
}

/* --- steps ----------------------------------------------------------------------------------------- */

/* From the start again after each one, for @accept may close any channel. */
static void hand_out(void)
{
	struct tcp_channel *c = channels;

	while (c) {
		const struct listener *l = c->fresh;

		if (!l) {
			c = c->next;
			continue;
		}
		c->fresh = NULL;
		l->accept(&c->ch);
		c = channels;
	}
}

/* Ends a connection whose owner learns that it timed out. */
static void give_up(struct tcp_channel *c)
{
	tcp_abort(detach(c));
	c->status = ERR_TIMEOUT;
	progress = true;
}

static void give_up_because(struct tcp_channel *c, const char *reason)
{
	uint32_t a = c->ch.peer_ipv4;

	log_limited(time_ns(), LOG_WARN, "net",
		    "connection with %u.%u.%u.%u port %u reset: %s (%zu bytes not taken, %zu not read)", a >> 24,
		    a >> 16 & 255, a >> 8 & 255, a & 255, c->ch.peer_port, reason, c->unacked, c->unread);
	(void)drop_received(c);
	c->unread = 0;
	give_up(c);
}

/* Data out of order will be sent again. True if there was any. */
static bool free_out_of_order(void)
{
	bool any = false;

	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (p->ooseq) {
			tcp_free_ooseq(p);
			any = true;
		}
	return any;
}

/* Somebody who holds little finds no room: the one goes that holds much, for long, without moving any of it. */
static void reclaim(uint64_t now_ns)
{
	struct tcp_channel *worst = NULL;
	uint64_t most = 0;

	for (struct tcp_channel *c = channels; c; c = c->next) {
		uint64_t still_ms = c->pcb && now_ns > c->moved_ns ? (now_ns - c->moved_ns) / 1000000 : 0;
		uint64_t weight = held(c) / 1024 * still_ms;

		if (weight > most) {
			most = weight;
			worst = c;
		}
	}
	reclaim_wanted = false;
	if (free_out_of_order() || tcp_closing_reclaim(most))
		return;
	if (worst)
		give_up_because(worst, "it held memory that others need");
}

static void step(struct tcp_channel *c, uint64_t now_ns)
{
	if (!c->pcb)
		return;
	if (tcp_policy_stalled(&c->progress, c->unacked, c->acked, now_ns)) {
		give_up_because(c, "its peer took too little for a minute");
		return;
	}
	if (c->status == ERR_AGAIN) {
		if (now_ns >= c->connect_deadline_ns)
			give_up(c);
		return;
	}
	if (c->written) {
		output(c);
	} else if (!(c->pcb->flags & TF_ACK_DELAY)) {
		c->ack_since_ns = 0;
	} else if (!c->ack_since_ns) {
		c->ack_since_ns = now_ns;
	} else if (now_ns - c->ack_since_ns >= ACK_DELAY_NS) {
		tcp_set_flags(c->pcb, TF_ACK_NOW);
		output(c);
	}
}

bool tcp_channel_poll(uint64_t now_ns)
{
	bool happened;

	hand_out();
	if (reclaim_wanted)
		reclaim(now_ns);
	for (struct tcp_channel *c = channels; c; c = c->next)
		step(c, now_ns);
	happened = progress;
	progress = false;
	return happened;
}

uint64_t tcp_channel_deadline_ns(uint64_t now_ns)
{
	uint64_t at = UINT64_MAX;

	for (struct tcp_channel *c = channels; c; c = c->next) {
		uint64_t mine = UINT64_MAX;

		if (c->fresh || c->written)
			return now_ns;
		if (c->pcb && c->status == ERR_AGAIN)
			mine = c->connect_deadline_ns;
		else if (c->ack_since_ns)
			mine = c->ack_since_ns + ACK_DELAY_NS;
		at = mine < at ? mine : at;
	}
	return at;
}

unsigned tcp_channel_count(void)
{
	return count;
}
