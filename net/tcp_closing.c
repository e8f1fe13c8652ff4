/* SPDX-License-Identifier: MIT */
#include "net/tcp_closing.h"
#include "net/lwip/stack.h"

#define TICKS(s)	((s) * 1000u / TCP_SLOW_INTERVAL)
#define POLL_TICKS	TICKS(1)
#define STALL_TICKS	TICKS(5)	/* the peer took nothing for so long */
#define LINGER_TICKS	TICKS(60)
#define RANK_CLOSED	(1ull << 32)

_Static_assert(POLL_TICKS <= UINT8_MAX, "lwIP counts the ticks between polls in a byte");
_Static_assert(sizeof(void *) == sizeof(uint64_t), "two ticks fit in lwIP's argument");

/* lwIP's argument of a closed connection: when it was closed, and when its peer last took something. */
static void stamp(struct tcp_pcb *pcb, uint32_t closed, uint32_t moved)
{
	tcp_arg(pcb, (void *)(uintptr_t)((uint64_t)closed << 32 | moved));
}

static uint32_t closed_at(const struct tcp_pcb *pcb)
{
	return (uint32_t)((uintptr_t)pcb->callback_arg >> 32);
}

static uint32_t moved_at(const struct tcp_pcb *pcb)
{
	return (uint32_t)(uintptr_t)pcb->callback_arg;
}

/* A channel wants to hear of errors; nobody else does. */
static bool is_closed(const struct tcp_pcb *pcb)
{
	return !pcb->errf && pcb->state != SYN_RCVD;
}

static err_t on_taken(void *arg, struct tcp_pcb *pcb, uint16_t length)
{
	(void)arg, (void)length;
	stamp(pcb, closed_at(pcb), tcp_ticks);
	return LWIP_ERR_OK;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	(void)arg;
	if (tcp_ticks - moved_at(pcb) < STALL_TICKS && tcp_ticks - closed_at(pcb) < LINGER_TICKS)
		return LWIP_ERR_OK;
	/* Who has taken everything, and only doesn't close, may still be reading it: a reset would be an error. */
	tcp_abandon(pcb, pcb->state != FIN_WAIT_2);
	return ERR_ABRT;
}

void tcp_closing_begin(struct tcp_pcb *pcb)
{
	stamp(pcb, tcp_ticks, tcp_ticks);
	tcp_sent(pcb, on_taken);
	tcp_poll(pcb, on_poll, POLL_TICKS);
	if (tcp_shutdown(pcb, 0, 1) != LWIP_ERR_OK)
		tcp_abort(pcb);
}

/* The highest goes first; 0: it may not go. */
static uint64_t rank(const struct tcp_pcb *pcb)
{
	if (is_closed(pcb))
		return RANK_CLOSED + (tcp_ticks - closed_at(pcb));
	return pcb->state == SYN_RCVD ? 1 + (uint64_t)(tcp_ticks - pcb->tmr) : 0;
}

struct census {
	unsigned count;
	struct tcp_pcb *first;		/* to go */
};

static void count(struct census *c, struct tcp_pcb *pcb)
{
	uint64_t r = rank(pcb);

	c->count++;
	/* lwIP's lists begin with the newest. */
	if (r && (!c->first || r >= rank(c->first)))
		c->first = pcb;
}

static void count_list(struct tcp_pcb *list, uint32_t address, struct census *all, struct census *of_address)
{
	for (struct tcp_pcb *p = list; p; p = p->next) {
		count(all, p);
		if (ip_addr_get_ip4_u32(&p->remote_ip) == address)
			count(of_address, p);
	}
}

void tcp_closing_evict(uint32_t ipv4)
{
	struct census all = { 0 }, of_address = { 0 };
	struct tcp_pcb *victim = NULL;

	count_list(tcp_active_pcbs, lwip_htonl(ipv4), &all, &of_address);
	count_list(tcp_tw_pcbs, lwip_htonl(ipv4), &all, &of_address);
	if (of_address.count >= TCP_PCBS_OF_ADDRESS)
		victim = of_address.first;
	else if (all.count >= TCP_PCBS_MAX)
		victim = all.first;
	if (victim)
		tcp_abandon(victim, victim->state != SYN_RCVD);
}

static size_t held(const struct tcp_pcb *pcb)
{
	return is_closed(pcb) ? pcb->snd_queuelen * (size_t)NET_MEM_BLOCK_MAX : 0;
}

size_t tcp_closing_held(uint32_t ipv4)
{
	size_t bytes = 0;

	for (const struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (ip_addr_get_ip4_u32(&p->remote_ip) == lwip_htonl(ipv4))
			bytes += held(p);
	return bytes;
}

bool tcp_closing_reclaim(uint64_t weight)
{
	struct tcp_pcb *worst = NULL;

	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next) {
		uint64_t mine = held(p) / 1024 * (uint64_t)(tcp_ticks - moved_at(p)) * TCP_SLOW_INTERVAL;

		if (held(p) && mine > weight) {
			weight = mine;
			worst = p;
		}
	}
	if (worst)
		tcp_abort(worst);
	return worst;
}
