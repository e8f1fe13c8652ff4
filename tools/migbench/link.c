/* SPDX-License-Identifier: MIT */
/* link.c: byte channels over loopback sockets; a limited one holds back what a slow wire would. */
#include "bench.h"
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD_MAX 65536		/* as a TCP of the hypervisor buffers */
#define BURST_NS 500000		/* unused time that may be caught up */
#define POLL_NS 200000		/* then an end that polls sleeps: its peer may have no other core */

struct link {
	struct channel ch;	/* first */
	int fd;
	enum err status;
	uint64_t rate, filled_ns;
	double tokens;
	bool full;		/* the socket took less than it was given */
	bool polls;		/* for a while, before it sleeps */
	size_t from, held;	/* bytes that wait for the limit, and where they begin */
	uint8_t hold[HELD_MAX];
};

static struct link *of(struct channel *ch)
{
	return (struct link *)ch;
}

static size_t put(struct link *l, const void *data, size_t length)
{
	ssize_t n = l->status ? 0 : send(l->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN)
		l->status = ERR_IO;
	l->full = n < 0 || (size_t)n < length;
	return n > 0 ? (size_t)n : 0;
}

bool link_pump(struct channel *ch)
{
	struct link *l = of(ch);
	uint64_t now = bench_now_ns();
	double most = (double)l->rate * BURST_NS * 1e-9, piece = most / 4;
	size_t n;

	if (!l->rate)
		return false;
	l->tokens += (double)(now - l->filled_ns) * 1e-9 * (double)l->rate;
	l->filled_ns = now;
	if (l->tokens > most)
		l->tokens = most;
	/* Whole pieces: by every byte that the limit lets go, its ends would be awake all the time. */
	if (!l->held || l->tokens < 1 || (l->tokens < piece && l->tokens < (double)l->held))
		return l->held != 0;
	n = put(l, l->hold + l->from, l->held < (size_t)l->tokens ? l->held : (size_t)l->tokens);
	l->tokens -= (double)n;
	l->held -= n;
	l->from = l->held ? l->from + n : 0;
	return l->held != 0;
}

static size_t ch_send(struct channel *ch, const void *data, size_t length)
{
	struct link *l = of(ch);

	if (!l->rate)
		return put(l, data, length);
	link_pump(ch);
	if (length > HELD_MAX - l->held)
		length = HELD_MAX - l->held;
	if (length > HELD_MAX - l->held - l->from) {
		memmove(l->hold, l->hold + l->from, l->held);
		l->from = 0;
	}
	memcpy(l->hold + l->from + l->held, data, length);
	l->held += length;
	link_pump(ch);
	return length;
}

static size_t ch_recv(struct channel *ch, void *out, size_t room)
{
	struct link *l = of(ch);
	ssize_t n = l->status ? -2 : recv(l->fd, out, room, MSG_DONTWAIT);

	if (n == 0 && room)
		l->status = ERR_CLOSED;
	else if (n == -1 && errno != EAGAIN)
		l->status = ERR_IO;
	return n > 0 ? (size_t)n : 0;
}

static enum err ch_status(struct channel *ch)
{
	return of(ch)->status;
}

static size_t ch_unacked(struct channel *ch)
{
	int queued = 0;

	ioctl(of(ch)->fd, SIOCOUTQ, &queued);
	return of(ch)->held + (size_t)queued;
}

static void ch_close(struct channel *ch)
{
	close(of(ch)->fd);
	free(ch);
}

static const struct channel_ops ops = { ch_send, ch_recv, ch_status, ch_unacked, ch_close, ch_close };

struct channel *link_channel(int fd, uint64_t link_bytes, bool polls)
{
	struct link *l = calloc(1, sizeof(*l));
	int one = 1;

	if (!l || fd < 0)
		bench_fail("no connection over loopback");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	l->ch = (struct channel){ .ops = &ops, .peer_ipv4 = 0x7f000001 };
	l->fd = fd;
	l->rate = link_bytes;
	l->polls = polls;
	l->filled_ns = bench_now_ns();
	return &l->ch;
}

bool link_poll(int fd, short events, uint64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now = bench_now_ns(), end = until_ns < now + POLL_NS ? until_ns : now + POLL_NS;

	do
		if (poll(&p, 1, 0) > 0)
			return true;
	while (bench_now_ns() < end);
	return false;
}

void link_wait(struct channel *ch, uint64_t until_ns)
{
	struct link *l = of(ch);
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	uint64_t now = bench_now_ns(), wait;

	/* A quarter of the burst each time, so that the limit is met without a busy loop. */
	if (link_pump(ch) && until_ns > now + BURST_NS / 4)
		until_ns = now + BURST_NS / 4;
	if (l->full)
		p.events |= POLLOUT;
	if (l->polls && link_poll(l->fd, p.events, until_ns))
		return;
	wait = until_ns > now ? until_ns - now : 0;
	if (wait > 100 * 1000000)
		wait = 100 * 1000000;
	ppoll(&p, 1, &(struct timespec){ 0, (long)wait }, NULL);
}

int link_listen(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 8) ||
	    getsockname(fd, (struct sockaddr *)&a, &length))
		bench_fail("no port to listen on");
	*port = ntohs(a.sin_port);
	return fd;
}

int link_connect(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		bench_fail("no connection to port %u", port);
	return fd;
}
