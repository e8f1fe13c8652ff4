/* SPDX-License-Identifier: MIT */
/* console.c: the console of a virtual system: its name and a newline, then raw bytes both ways. */
#include "control.h"
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE 0x1d	/* Ctrl-] */

static struct termios before;
static volatile sig_atomic_t raw;

static void terminal_restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	raw = 0;
}

static void on_signal(int number)
{
	terminal_restore();
	signal(number, SIG_DFL);
	raise(number);
}

static void terminal_raw(void)
{
	struct termios t;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
		return;
	t = before;
	cfmakeraw(&t);
	atexit(terminal_restore);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0)
		raw = 1;
}

/* A connected socket, or -1 with errno. Waits at most @timeout_s for each address. */
static int connect_to(const char *host, unsigned port, unsigned timeout_s, const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	struct timeval limit = { .tv_sec = timeout_s };
	char service[8];
	int fd = -1, error;

	snprintf(service, sizeof(service), "%u", port);
	error = getaddrinfo(host, service, &hints, &list);
	if (error) {
		*why = gai_strerror(error);
		return -1;
	}
	for (a = list; a; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		*why = errno == EINPROGRESS ? "no answer in time" : strerror(errno);
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

static bool write_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		length -= (size_t)n;
	}
	return true;
}

/* The first bytes that came, held back as long as they may be all that comes: a refusal of the host is one line "[tern: WHY]". */
struct first { char text[256]; size_t length; bool over; };

static const char refusal_start[] = "[tern: ";

static bool may_be_refusal(const struct first *f)
{
	size_t start = sizeof(refusal_start) - 1, length = f->length < start ? f->length : start;
	const char *end = memchr(f->text, '\n', f->length);

	if (memcmp(f->text, refusal_start, length) != 0 || f->length == sizeof(f->text))
		return false;
	return !end || (end == f->text + f->length - 1 && f->length > start + 3 && !memcmp(end - 2, "]\r", 2));
}

/* To standard output, unless it may be a refusal. */
static bool show(struct first *f, const char *data, size_t length)
{
	size_t room = sizeof(f->text) - f->length, n = length < room ? length : room;

	if (f->over)
		return write_all(STDOUT_FILENO, data, length);
	memcpy(f->text + f->length, data, n);
	f->length += n;
	if (n == length && may_be_refusal(f))
		return true;
	f->over = true;
	return write_all(STDOUT_FILENO, f->text, f->length) && write_all(STDOUT_FILENO, data + n, length - n);
}

/* Copies what is ready to a socket, or shows it; 1 to go on, 0 at the end of @from, -1 on an error. *left is set when Ctrl-] was
 * typed. */
static int copy(int from, int to, bool *left, struct first *first)
{
	char data[4096], *end;
	ssize_t n = read(from, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n <= 0)
		return (int)n;
	if (first)
		return show(first, data, (size_t)n) ? 1 : -1;
	end = raw ? memchr(data, LEAVE, (size_t)n) : NULL;
	if (end) {
		*left = true;
		n = end - data;
	}
	return write_all(to, data, (size_t)n) ? 1 : -1;
}

/* The host has closed the connection: after a console, or in place of one. */
static enum ctl closed(struct first *f)
{
	terminal_restore();
	if (f->length && !f->over && f->text[f->length - 1] == '\n')
		return control_fail(CTL_NO, "%.*s", (int)(f->length - sizeof(refusal_start) - 2), f->text + sizeof(refusal_start) - 1);
	if (!f->over)
		write_all(STDOUT_FILENO, f->text, f->length);
	fputs("\nternctl: the host closed the console\n", stderr);
	return CTL_OK;
}

static enum ctl carry(int fd)
{
	struct first first = { .length = 0 };
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
	bool left = false;
	int more;

	while (!left) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return control_fail(CTL_CONNECTION, "poll: %s", strerror(errno));
		if (p[1].revents) {
			more = copy(STDIN_FILENO, fd, &left, NULL);
			if (more < 0)
				return control_fail(CTL_CONNECTION, "the console's connection broke: %s", strerror(errno));
			if (!more)
				p[1].fd = -1;	/* input has ended; output goes on */
		}
		if (p[0].revents) {
			more = copy(fd, -1, NULL, &first);
			if (more < 0)
				return control_fail(CTL_CONNECTION, "the console's connection broke: %s", strerror(errno));
			if (!more)
				return closed(&first);
		}
	}
	terminal_restore();
	fputs("\nternctl: left the console\n", stderr);
	return CTL_OK;
}

enum ctl console_follow(struct control *c, char **argument, int arguments)
{
	const char *why = "no address";
	char host[256];
	size_t length;
	struct text name = { 0 };
	enum ctl result;
	int fd;

	(void)arguments;
	/* Brackets of an IPv6 address and the CIM port go. */
	snprintf(host, sizeof(host), "%s", c->server + (c->server[0] == '['));
	length = c->server[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
	host[length] = '\0';
	signal(SIGPIPE, SIG_IGN);
	fd = connect_to(host, c->console_port, c->timeout_s, &why);
	if (fd < 0)
		return control_fail(CTL_CONNECTION, "can't connect to the console at %s port %u: %s", host,
				    c->console_port, why);
	text_add(&name, "%s\n", argument[0]);
	if (isatty(STDIN_FILENO))
		fprintf(stderr, "ternctl: console of %s; Ctrl-] leaves\n", argument[0]);
	terminal_raw();
	result = write_all(fd, name.data, name.length) ? carry(fd) :
		control_fail(CTL_CONNECTION, "the console's connection broke: %s", strerror(errno));
	terminal_restore();
	text_free(&name);
	close(fd);
	return result;
}
