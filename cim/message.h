/* SPDX-License-Identifier: MIT */
/* message.h: one CIM message from its body to its answer (DSP0200, DSP0201), independent of the connection. */
#pragma once
#include <stdbool.h>
#include "call.h"

/* What the HTTP header said, as far as it matters; NULL where a field was absent. */
struct message_header {
	const char *method, *object, *protocol, *batch;		/* CIMMethod ... CIMBatch */
	const char *host;
};

struct message {
	struct message_header header;
	struct buf *body;
	size_t parsed;			/* bytes of it */
	bool begun;			/* what it asks for */
	size_t start;			/* of the answer's inner part in call.out */
	struct call call;
	/* One that isn't acceptable as HTTP: status line, CIMError header (NULL: none) and why; 0 otherwise. */
	unsigned http_status;
	const char *http_error, *http_why;
};

/* Begins to answer @body in @out (the whole XML text). @h's texts, @body and @out stay until message_fini, which must
 * follow; @body is emptied once it has been read. */
void message_begin(struct message *m, const struct message_header *h, struct buf *body, struct buf *out);
/* Goes on with it while *work is positive, from which it takes what it did: about a unit for 256 bytes of the body, 512
 * of the answer, or an object looked at. ERR_OK: done, @out or http_status tells; ERR_AGAIN: call again, after a while
 * if it waits. */
enum err message_step(struct message *m, int *work) NODISCARD;
/* Does it wait for another host? */
static inline bool message_waits(const struct message *m)
{
	return m->call.waits;
}
/* Frees the request and gives up what it waits for. */
void message_fini(struct message *m);
