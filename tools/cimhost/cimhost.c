/* SPDX-License-Identifier: MIT */
/* cimhost: Tern's CIM server on an ordinary machine, over loopback sockets, with the fake host behind it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "cim/server.h"
#include "fake_manage.h"

#define SOCKETS 64

struct socket_channel { struct channel ch; int fd; enum err status; };

static struct socket_channel *open_channels[SOCKETS];

static struct socket_channel *of(struct channel *ch)
{
	return (struct socket_channel *)ch;
}

static size_t ch_send(struct channel *ch, const void *data, size_t length)
{
	ssize_t n = of(ch)->status == ERR_OK || of(ch)->status == ERR_CLOSED ?
		    send(of(ch)->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n < 0 && errno != EAGAIN)
		of(ch)->status = ERR_IO;
	return n > 0 ? (size_t)n : 0;
}

static size_t ch_recv(struct channel *ch, void *out, size_t room)
{
	ssize_t n = of(ch)->status == ERR_OK ? recv(of(ch)->fd, out, room, MSG_DONTWAIT) : -2;

	if (n == 0 && room)
		of(ch)->status = ERR_CLOSED;
	else if (n == -1 && errno != EAGAIN)
		of(ch)->status = ERR_IO;
	return n > 0 ? (size_t)n : 0;
}

static enum err ch_status(struct channel *ch)
{
	return of(ch)->status;
}

static size_t ch_unacked(struct channel *ch)
{
	(void)ch;
	return 0;
}

static void ch_close(struct channel *ch)
{
	for (unsigned n = 0; n < SOCKETS; n++)
		if (open_channels[n] == of(ch))
			open_channels[n] = NULL;
	close(of(ch)->fd);
	free(ch);
}

static void ch_abort(struct channel *ch)
{
	struct linger linger = { 1, 0 };

	setsockopt(of(ch)->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	ch_close(ch);
}

static const struct channel_ops ops = { ch_send, ch_recv, ch_status, ch_unacked, ch_close, ch_abort };

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int listen_on(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&a, &length)) {
		perror("cimhost");
		exit(1);
	}
	printf("%u\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct socket_channel *s;

	for (unsigned n = 0; fd >= 0 && n < SOCKETS; n++) {
		if (open_channels[n])
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		s = calloc(1, sizeof(*s));
		if (!s)
			abort();
		*s = (struct socket_channel){ .ch = { .ops = &ops }, .fd = fd, .status = ERR_OK };
		open_channels[n] = s;
		cim_server_accept(&s->ch);
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* Sleeps until a socket has news or 5 ms have passed. */
static void wait_for_news(int listener)
{
	struct pollfd p[SOCKETS + 1] = { { .fd = listener, .events = POLLIN } };
	nfds_t n = 1;

	for (unsigned i = 0; i < SOCKETS; i++)
		if (open_channels[i] && open_channels[i]->status == ERR_OK)
			p[n++] = (struct pollfd){ .fd = open_channels[i]->fd, .events = POLLIN };
	poll(p, n, 5);
	if (p[0].revents)
		accept_one(listener);
}

/* cimhost PORT [SPEED]: PORT 0 picks one; the port is printed. SPEED is how fast fake time runs (percent). */
int main(int argc, char **argv)
{
	uint64_t speed = argc > 2 ? strtoull(argv[2], NULL, 10) : 100, last = clock_ns(), now;
	struct cim_config config = { 0 };
	int listener;

	if (argc < 2) {
		fprintf(stderr, "usage: cimhost PORT [SPEED-PERCENT [REQUEST-MS]]\n");
		return 2;
	}
	if (argc > 3)
		config.request_ns = strtoull(argv[3], NULL, 10) * 1000000;
	signal(SIGPIPE, SIG_IGN);
	fake_manage_reset();
	cim_server_init(&config);
	listener = listen_on(argv[1]);
	for (;;) {
		now = clock_ns();
		fake_manage_advance((now - last) * speed / 100);
		last = now;
		if (!cim_server_step(now))
			wait_for_news(listener);
	}
}
