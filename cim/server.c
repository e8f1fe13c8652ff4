/* SPDX-License-Identifier: MIT */
#include "server.h"
#include <string.h>
#include "http.h"
#include "lib/log.h"
#include "message.h"
#include "share.h"

#define CONNECTIONS	16
#define READ_BYTES	4096
#define DRAIN_NS	2000000000ull	/* how long a connection that we end may still talk */
#define POLL_NS		10000000ull	/* how often a waiting method is asked */
/* A client that takes less than that of its answer in such a time only waits, like one that says nothing. */
#define CRUMB_BYTES	4096
#define CRUMB_NS	1000000000ull
/* Work (message.h) of one step, so that machines get theirs, and of one connection in it, so that others do. */
#define STEP_WORK	16
#define SHARE_WORK	4
#define TRAIN_LIMIT	65536		/* kept out buffer; larger ones are freed after use */

/* READ -> RUN <-> WAIT -> WRITE -> READ ... -> DRAIN -> gone. RUN: the answer is being made; WAIT: for that of another
 * host. */
enum state { FREE, READ, RUN, WAIT, WRITE, DRAIN };

struct conn {
	enum state state;
	struct channel *ch;
	struct http http;
	struct message message;
	struct buf in;			/* received, not yet parsed: pipelined requests wait here */
	struct buf out;
	size_t sent;
	size_t sent_before;		/* WRITE: at since_ns */
	bool keep_alive;
	bool started;			/* READ: the first byte of a request has come */
	uint64_t deadline_ns;
	uint64_t since_ns;		/* when its wait for what it reads began; WRITE: or it last took CRUMB_BYTES */
};

static struct conn conns[CONNECTIONS];
static struct cim_config limits;
static uint64_t now;
static char scratch[READ_BYTES];	/* not on the stack, which is small */

static void conn_free(struct conn *c, bool abort)
{
	if (c->state == RUN || c->state == WAIT)
		message_fini(&c->message);
	http_fini(&c->http);
	buf_free(&c->in);
	buf_free(&c->out);
	if (abort)
		c->ch->ops->abort(c->ch);
	else
		c->ch->ops->close(c->ch);
	*c = (struct conn){ .state = FREE };
}

void cim_server_init(const struct cim_config *config)
{
	for (unsigned n = 0; n < CONNECTIONS; n++)
		if (conns[n].state != FREE)
			conn_free(&conns[n], true);
	limits = *config;
	if (!limits.connections || limits.connections > CONNECTIONS)
		limits.connections = CONNECTIONS;
	if (!limits.request_bytes)
		limits.request_bytes = 256 * 1024;
	if (!limits.request_ns)
		limits.request_ns = 30000000000ull;
	if (!limits.idle_ns)
		limits.idle_ns = 120000000000ull;
}

static void refuse_connection(struct channel *ch, unsigned theirs)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	uint32_t a = ch->peer_ipv4;

	log_limited(now, LOG_WARN, "cim", "connection of %u.%u.%u.%u refused: it has %u, %u are served at once",
		    a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, theirs, limits.connections);
	ch->ops->send(ch, text, sizeof(text) - 1);
	ch->ops->close(ch);
}

/* Nothing but its client keeps it. */
static bool only_waits(const struct conn *c)
{
	return c->state == READ || c->state == DRAIN || (c->state == WRITE && now - c->since_ns >= CRUMB_NS);
}

static void places(struct share_place place[CONNECTIONS])
{
	for (unsigned n = 0; n < limits.connections; n++)
		place[n] = conns[n].state == FREE ? (struct share_place){ 0 } :
			(struct share_place){ conns[n].ch->peer_ipv4, conns[n].since_ns, only_waits(&conns[n]) };
}

/* Makes room where another address than @address holds too much: one of its connections that only waits is ended. */
static struct conn *give_way(const struct share_place place[CONNECTIONS], uint32_t address)
{
	int victim = share_victim(place, limits.connections, address);

	if (victim < 0)
		return NULL;
	log_limited(now, LOG_INFO, "cim", "a connection that waited gave way: its address held too many of %u",
		    limits.connections);
	conn_free(&conns[victim], true);
	return &conns[victim];
}

void cim_server_accept(struct channel *ch)
{
	struct share_place place[CONNECTIONS];
	struct conn *c = NULL;
	unsigned theirs;

	places(place);
	/* Without an address there is nobody to count for. */
	theirs = ch->peer_ipv4 ? share_held(place, limits.connections, ch->peer_ipv4) : 0;
	if (theirs < limits.connections * 3 / 4) {
		for (unsigned n = 0; n < limits.connections && !c; n++)
			if (conns[n].state == FREE)
				c = &conns[n];
		if (!c)
			c = give_way(place, ch->peer_ipv4);
	}
	if (!c) {
		refuse_connection(ch, theirs);
		return;
	}
	*c = (struct conn){ .state = READ, .ch = ch, .since_ns = now };
	http_init(&c->http, limits.request_bytes);
}

static void start_write(struct conn *c)
{
	/* A client that does not read its answer holds no more than that. */
	buf_free(&c->http.body);
	c->state = WRITE;
	c->sent = c->sent_before = 0;
	c->since_ns = now;
	c->deadline_ns = now + limits.request_ns;
}

/* An answer without a body: HTTP errors. */
static void answer_error(struct conn *c, unsigned status, const char *error, const char *detail, bool keep_alive)
{
	buf_clear(&c->out);
	http_answer(&c->http, &c->out, status, error, detail, 0, keep_alive);
	c->keep_alive = keep_alive;
	start_write(c);
}

/* Header and body go out as one run of bytes: split, a delayed ACK would cost 40 ms. */
static void answer_message(struct conn *c)
{
	const struct message *m = &c->message;
	struct buf head = { 0 };
	size_t body = c->out.length;

	if (m->http_status) {
		answer_error(c, m->http_status, m->http_error, m->http_why, c->http.keep_alive);
	} else {
		http_answer(&c->http, &head, 200, NULL, NULL, body, c->http.keep_alive);
		buf_add(&head, c->out.data, body);
		if (head.failed) {
			answer_error(c, 500, NULL, "out of memory", false);
		} else {
			buf_free(&c->out);
			c->out = head;
			head = (struct buf){ 0 };
			c->keep_alive = c->http.keep_alive;
			start_write(c);
		}
	}
	buf_free(&head);
	message_fini(&c->message);
}

static void begin_message(struct conn *c)
{
	struct http *h = &c->http;
	const struct message_header header = {
		.method = http_field(h, HTTP_FIELD_METHOD), .object = http_field(h, HTTP_FIELD_OBJECT),
		.protocol = http_field(h, HTTP_FIELD_PROTOCOL), .batch = http_field(h, HTTP_FIELD_BATCH),
		.host = http_field(h, HTTP_FIELD_HOST),
	};
	const char *error;
	unsigned status = http_check(h, &error);

	if (status) {
		answer_error(c, status, error, h->why, h->keep_alive);
		return;
	}
	buf_clear(&c->out);
	message_begin(&c->message, &header, &h->body, &c->out);
	c->state = RUN;
}

static void send_continue(struct conn *c)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	/* With nothing queued before it, a line this short fits any send buffer; a client whose answer
	 * is lost anyway sends its body after a while. */
	c->ch->ops->send(c->ch, text, sizeof(text) - 1);
	c->http.expects = false;
}

/* Parses what has come; true if it changed something. */
static bool parse(struct conn *c)
{
	size_t used = c->in.length ? http_feed(&c->http, c->in.data, c->in.length) : 0;

	buf_drop(&c->in, used);
	if (used && !c->started) {
		c->started = true;
		c->deadline_ns = now + limits.request_ns;
	}
	if (c->http.expects)
		send_continue(c);
	if (c->http.phase == HTTP_BAD)
		answer_error(c, c->http.status, NULL, c->http.why, false);
	else if (c->http.phase == HTTP_DONE)
		begin_message(c);
	return used > 0;
}

static bool receive(struct conn *c)
{
	size_t n = c->in.length < READ_BYTES ? c->ch->ops->recv(c->ch, scratch, sizeof(scratch)) : 0;

	buf_add(&c->in, scratch, n);
	return n > 0;
}

static bool step_read(struct conn *c)
{
	bool progress = receive(c);
	enum err e;

	if (c->in.failed) {
		conn_free(c, true);
		return true;
	}
	if (parse(c))
		return true;
	e = c->ch->ops->status(c->ch);
	if (e != ERR_OK && e != ERR_AGAIN) {
		conn_free(c, e != ERR_CLOSED);
		return true;
	}
	return progress;
}

/* Makes the answer, or asks whether the other host has answered. */
static bool step_message(struct conn *c, int *work)
{
	bool ran = c->state == RUN;
	enum err e;

	if (message_step(&c->message, work) == ERR_OK) {
		answer_message(c);
		return true;
	}
	c->state = message_waits(&c->message) ? WAIT : RUN;
	e = c->ch->ops->status(c->ch);
	/* A client that has only shut its sending side still wants the answer. */
	if (e == ERR_OK || e == ERR_AGAIN || e == ERR_CLOSED)
		return ran || c->state == RUN;
	conn_free(c, true);
	return true;
}

static bool step_write(struct conn *c, int *work)
{
	size_t n = c->ch->ops->send(c->ch, c->out.data + c->sent, c->out.length - c->sent);
	enum err e;

	c->sent += n;
	*work -= (int)(n / 4096);
	if (n)
		c->deadline_ns = now + limits.request_ns;
	if (c->sent - c->sent_before >= CRUMB_BYTES) {
		c->sent_before = c->sent;
		c->since_ns = now;
	}
	if (c->sent < c->out.length) {
		e = c->ch->ops->status(c->ch);
		if (n || e == ERR_OK || e == ERR_AGAIN || e == ERR_CLOSED)
			return n > 0;
		conn_free(c, true);
		return true;
	}
	if (c->out.room > TRAIN_LIMIT)
		buf_free(&c->out);
	if (c->keep_alive) {
		http_next(&c->http);
		c->state = READ;
		c->started = false;
		c->since_ns = now;
		c->deadline_ns = now + limits.idle_ns;
	} else {
		c->state = DRAIN;
		c->deadline_ns = now + DRAIN_NS;
	}
	return true;
}

/* Closing while the client still sends would reset the connection and could cost it our answer: read on until
 * it has closed or everything of ours is acknowledged and it is silent. */
static bool step_drain(struct conn *c)
{
	if (c->ch->ops->recv(c->ch, scratch, sizeof(scratch)))
		return true;
	if (c->http.phase != HTTP_BAD || c->ch->ops->status(c->ch) != ERR_OK) {
		conn_free(c, false);
		return true;
	}
	return false;
}

static void expire(struct conn *c)
{
	if (c->state == READ && c->started) {
		answer_error(c, 408, NULL, "the request did not come whole in time", false);
		return;
	}
	conn_free(c, c->state == WRITE);
}

static bool step_one(struct conn *c, int *work)
{
	bool timed = c->state != RUN && c->state != WAIT;

	if (!c->deadline_ns)
		c->deadline_ns = now + limits.request_ns;
	if (timed && now >= c->deadline_ns) {
		expire(c);
		return true;
	}
	if (timed)
		--*work;
	switch (c->state) {
	case READ:
		return step_read(c);
	case RUN:
	case WAIT:
		return step_message(c, work);
	case WRITE:
		return step_write(c, work);
	case DRAIN:
		return step_drain(c);
	case FREE:
		break;
	}
	return false;
}

bool cim_server_step(uint64_t now_ns)
{
	static unsigned turn;
	int left = STEP_WORK;
	unsigned idle = 0;
	bool progress = false;

	now = now_ns;
	/* Ends when nobody has anything to do, or with the work; the next step goes on with the next connection. */
	while (left > 0 && idle < CONNECTIONS) {
		struct conn *c = &conns[turn];
		int share = SHARE_WORK;
		bool any = false;

		while (share > 0 && c->state != FREE && step_one(c, &share))
			any = true;
		left -= SHARE_WORK - share;
		progress |= any;
		idle = any ? 0 : idle + 1;
		turn = (turn + 1) % CONNECTIONS;
	}
	return progress;
}

uint64_t cim_server_deadline(void)
{
	uint64_t first = UINT64_MAX, at;

	for (unsigned n = 0; n < CONNECTIONS; n++) {
		if (conns[n].state == FREE)
			continue;
		at = conns[n].state == RUN ? now : conns[n].state == WAIT ? now + POLL_NS : conns[n].deadline_ns;
		if (at < first)
			first = at;
	}
	return first;
}
