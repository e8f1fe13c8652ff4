/* SPDX-License-Identifier: MIT */
#include "net/lwip/guard.h"
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "net/lwip/stack.h"

jmp_buf guard_return;
static bool inside, known;
static struct guard_tuple tuple;
static const char *failed;
static uint64_t contained;

bool guard_enter(void)
{
	bool was = inside;

	if (!was)
		known = false;
	inside = true;
	return was;
}

void guard_leave(void)
{
	inside = known = false;
}

void guard_for(const struct guard_tuple *e)
{
	tuple = *e;
	known = true;
}

uint64_t guard_contained(void)
{
	return contained;
}

void net_assert_failed(const char *text, const char *file, int line)
{
	if (!inside || !known)
		panic("lwip: %s (%s:%d)", text, file, line);
	failed = text;
	longjmp(guard_return, 1);
}

static struct tcp_pcb *unlink_pcb(void)
{
	for (struct tcp_pcb **at = &tcp_active_pcbs; *at; at = &(*at)->next) {
		struct tcp_pcb *p = *at;

		if (p->local_port == tuple.local_port && p->remote_port == tuple.remote_port &&
		    p->remote_ip.addr == tuple.remote_ip && p->local_ip.addr == tuple.local_ip) {
			*at = p->next;
			return p;
		}
	}
	return NULL;
}

/* Its queues were being changed when the assertion failed: a walk to free what they hold could free a block twice. */
void guard_contain(void)
{
	struct tcp_pcb *p = unlink_pcb();
	uint32_t ip = lwip_ntohl(tuple.remote_ip);

	contained++;
	log_limited(time_ns(), LOG_ERROR, "net",
		    "lwip: %s: the connection with %u.%u.%u.%u port %u is ended, its memory is lost", failed, ip >> 24,
		    ip >> 16 & 255, ip >> 8 & 255, ip & 255, tuple.remote_port);
	tcp_input_pcb = NULL;
	tcp_active_pcbs_changed = 1;
	guard_leave();
	if (!p)
		return;
	tcp_backlog_accepted(p);
	tcp_rst(NULL, p->snd_nxt, p->rcv_nxt, &p->local_ip, &p->remote_ip, p->local_port, p->remote_port);
	if (p->errf)
		p->errf(p->callback_arg, ERR_RST);
}
