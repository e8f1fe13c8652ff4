/* SPDX-License-Identifier: MIT */
/* service_locate.c: before a machine is started here: asking the hosts that may run it, or that it went to. */
#include <string.h>
#include "lib/fmt.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "service_parts.h"

#define PORT(p) ((p) ? (p) : m->core.host.port ? m->core.host.port : MIG_PORT)

/* @peers has room for SERVICE_PEERS; *@count goes on. */
static void add_peer(const struct mig_service *m, struct service_peer *peers, unsigned *count, uint32_t ipv4,
		     uint16_t port)
{
	for (unsigned i = 0; i < *count && i < SERVICE_PEERS; i++)
		if (peers[i].ipv4 == ipv4)
			return;
	if (ipv4 && *count < SERVICE_PEERS)
		peers[*count] = (struct service_peer){ .ipv4 = ipv4, .port = PORT(port) };
	*count += ipv4 != 0;
}

static void add_noted(const struct mig_service *m, struct service_peer *peers, unsigned *count,
		      const struct mig_note *n, const uint8_t *uuid)
{
	if (n->state && n->state != MIG_RECORD_VOID && (!uuid || !memcmp(n->vm_uuid, uuid, sizeof(n->vm_uuid))))
		add_peer(m, peers, count, n->peer_ipv4, n->peer_port);
}

/* By tern.conf, and by the records of how the machine of @uuid (NULL: any) came and left. Those of another machine may
 * be of a host that brought it once and is gone for good, or never was more than an address. More than SERVICE_PEERS:
 * that many are in @out. */
static unsigned known_peers(const struct mig_service *m, const uint8_t *uuid, struct service_peer *out)
{
	const struct mig_records *r = &m->core.records;
	uint32_t named[SERVICE_PEERS + 1];
	unsigned count = 0, names = 0;

	if (m->core.host.peers)
		names = m->core.host.peers(m->core.host.ctx, named, SERVICE_PEERS + 1);
	for (unsigned i = 0; i < names; i++)
		add_peer(m, out, &count, named[i], 0);
	for (unsigned i = 0; i < MIG_AWAYS; i++)
		add_noted(m, out, &count, &r->away[i], uuid);
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		add_noted(m, out, &count, &r->note[i], uuid);
	return count;
}

static struct service_search *find(struct mig_service *m, const uint8_t *uuid, bool claim)
{
	for (unsigned i = 0; i < SERVICE_SEARCHES; i++)
		if (m->search[i].used && m->search[i].claim == claim && !memcmp(m->search[i].vm_uuid, uuid, 16))
			return &m->search[i];
	return NULL;
}

static void forget(struct service_search *s)
{
	mig_locate_fini(&s->ask);
	s->used = false;
}

static struct service_search *begin(struct mig_service *m, const uint8_t *uuid, const char *vm, bool claim,
				    uint64_t now_ns)
{
	for (unsigned i = 0; i < SERVICE_SEARCHES; i++) {
		struct service_search *s = &m->search[i];

		if (s->used)
			continue;
		memset(s, 0, sizeof(*s));
		s->used = true;
		s->claim = claim;
		s->result = ERR_AGAIN;
		s->polled_ns = s->next_ns = now_ns;
		s->wait_ns = SEARCH_FIRST_NS;
		memcpy(s->vm_uuid, uuid, sizeof(s->vm_uuid));
		fmt(s->vm, sizeof(s->vm), "%s", vm);
		return s;
	}
	return NULL;
}

/* --- may it be started: every host that is known is asked, one after the other --- */

static void ask_next(struct mig_service *m, struct service_search *s, uint64_t now_ns)
{
	struct mig_note note = { 0 };

	memcpy(note.vm, s->vm, sizeof(note.vm));
	memcpy(note.vm_uuid, s->vm_uuid, sizeof(note.vm_uuid));
	note.peer_ipv4 = s->peer[s->at].ipv4;
	note.peer_port = s->peer[s->at].port;
	s->asked_ns = now_ns;
	mig_locate_start(&s->ask, &m->core, &note, false, now_ns);
}

static bool fresh(const struct service_peer *p, uint64_t now_ns)
{
	return p->said && now_ns - p->asked_ns < MIG_FRESH_NS;
}

/* The first peer from @from on without an answer that holds; all do: s->peers. */
static unsigned next_stale(const struct service_search *s, unsigned from, uint64_t now_ns)
{
	while (from < s->peers && fresh(&s->peer[from], now_ns))
		from++;
	return from;
}

static void round_begin(struct mig_service *m, struct service_search *s, uint64_t now_ns)
{
	unsigned known = known_peers(m, s->vm_uuid, s->peer);

	s->peers = known < SERVICE_PEERS ? known : SERVICE_PEERS;
	if (known > SERVICE_PEERS && !m->told_many) {
		log_warn("mig",
			 "%u hosts may run %s, by tern.conf and the records of hand-offs: only the first %u are asked "
			 "before it is started by itself",
			 known, s->vm, SERVICE_PEERS);
		m->told_many = true;
	}
	s->at = 0;
	s->again = false;
	s->bad = (struct why){ "" };
	s->round_result = ERR_OK;
	if (!s->peers)
		s->result = ERR_OK;
	else
		ask_next(m, s, now_ns);
}

/* Tells once what is waited for, and each time that it changes. */
static void tell(struct service_search *s, const struct why *why)
{
	if (strcmp(s->why.text, why->text))
		log_warn("mig", "%s is not started by itself: %s", s->vm, why->text);
	s->why = *why;
}

/* All have been asked. */
static void round_end(struct mig_service *m, struct service_search *s, uint64_t now_ns)
{
	unsigned stale = next_stale(s, 0, now_ns);
	char address[16];

	s->next_ns = now_ns;
	if (s->round_result == ERR_OK && stale == s->peers) {
		s->result = ERR_OK;
		return;
	}
	/* Of one slow host the others' answers are not to grow old: without it they come quickly. */
	if (s->round_result == ERR_OK && !s->again) {
		s->again = true;
		s->at = stale;
		ask_next(m, s, now_ns);
		return;
	}
	if (s->round_result == ERR_OK) {
		ipv4_text(s->peer[stale].ipv4, address);
		why_set(&s->bad,
			"the hosts that may run it answer too slowly: when the last one had, the word of %s was over "
			"%u s old",
			address, (unsigned)(MIG_FRESH_NS / MIG_SECOND));
	}
	tell(s, &s->bad);
	if (s->round_result == ERR_REFUSED) {
		s->result = ERR_REFUSED;
		return;
	}
	s->next_ns = now_ns + s->wait_ns;
	s->wait_ns = s->wait_ns * 2 < SEARCH_LAST_NS ? s->wait_ns * 2 : SEARCH_LAST_NS;
}

/* What the host that is asked says, when that is not that it may be started. */
static void say(const struct mig_service *m, const struct service_search *s, enum err e, struct why *why)
{
	const struct mig_hello *hello = &s->ask.hello;
	char address[16], name[sizeof(hello->name)];

	ipv4_text(s->ask.note.peer_ipv4, address);
	mig_text_copy(name, sizeof(name), hello->name, sizeof(hello->name));
	if (e)
		*why = s->ask.why;
	else if (s->ask.answer.state == MIG_LOCATED_FIRST &&
		 !memcmp(hello->uuid, m->core.host.uuid, sizeof(hello->uuid)))
		why_set(why,
			"%s (%s) has the same UUID as this host and is to start it too, so that neither goes first: "
			"give one of them another (uuid or name in its tern.conf)",
			name, address);
	else
		why_set(why, "%s says: %s", address, s->ask.why.text);
}

static void on_answer(struct mig_service *m, struct service_search *s, enum err e, uint64_t now_ns)
{
	uint8_t state = s->ask.answer.state;
	struct service_peer *p = &s->peer[s->at];
	struct why why;

	p->said = !e && state == MIG_LOCATED_NOT_HERE;
	p->asked_ns = s->asked_ns;
	if (!p->said) {
		/* Where it is, it is for good; what can't be asked, or is about to start it, is asked again. */
		bool there = !e && (state == MIG_LOCATED_RUNS || state == MIG_LOCATED_STOPPED);

		say(m, s, e, &why);
		if (s->round_result == ERR_OK || (there && s->round_result != ERR_REFUSED))
			s->bad = why;
		if (there || s->round_result == ERR_OK)
			s->round_result = there ? ERR_REFUSED : ERR_AGAIN;
	}
	s->at = s->again ? next_stale(s, s->at + 1, now_ns) : s->at + 1;
	if (s->at < s->peers)
		ask_next(m, s, now_ns);
	else
		round_end(m, s, now_ns);
}

static void seek_step(struct mig_service *m, struct service_search *s, uint64_t now_ns)
{
	enum err e;

	if (s->result == ERR_OK && next_stale(s, 0, now_ns) < s->peers)
		s->result = ERR_AGAIN;
	if (s->result != ERR_AGAIN)
		return;
	if (!s->ask.active && now_ns >= s->next_ns)
		round_begin(m, s, now_ns);
	if (!s->ask.active)
		return;
	/* Its word can't be older than the question: the step that sends that is the last one from here on that begins
	 * so. */
	if (s->ask.place != MIG_LOCATE_ANSWER)
		s->asked_ns = now_ns;
	e = mig_locate_step(&s->ask, now_ns);
	if (e != ERR_AGAIN)
		on_answer(m, s, e, now_ns);
}

enum err mig_service_vm_seek(struct mig_service *m, const uint8_t uuid[16], const char *vm, uint64_t now_ns,
			     struct why *why)
{
	struct service_search *s = find(m, uuid, false);
	enum err e;

	if (!s)
		s = begin(m, uuid, vm, false, now_ns);
	if (!s) {
		why_set(why, "too many machines are being asked for");
		return ERR_AGAIN;
	}
	s->polled_ns = now_ns;
	seek_step(m, s, now_ns);
	*why = s->why;
	e = s->result;
	if (e != ERR_AGAIN)
		forget(s);
	return e;
}

bool mig_service_knows_peers(const struct mig_service *m)
{
	struct service_peer peers[SERVICE_PEERS];

	return known_peers(m, NULL, peers) != 0;
}

/* --- the host that it went to is to give it back --- */

static void claim_end(struct service_search *s, enum err e, const char *text)
{
	struct why copy;

	why_set(&copy, "%s", text);
	s->why = copy;
	s->result = e;
}

/* B went on with it to C, and says by what B could claim it there. */
static void follow(struct mig_service *m, struct service_search *s, uint64_t now_ns)
{
	const struct mig_located *a = &s->ask.answer;
	static const uint8_t none[MIG_PROOF];
	struct mig_note note = s->ask.note;
	struct why why;

	/* Without PROOF only that host itself could have it back, by its address; and whoever answers there could say
	 * what it likes. */
	if (mig_core_same_proof(a->own_proof, none) || mig_core_same_proof(a->peer_proof, none)) {
		why_set(&why, "%s, by a move without proofs: it can't be claimed there from here", s->ask.why.text);
		claim_end(s, ERR_STATE, why.text);
		return;
	}
	if (++s->hops > SEARCH_HOPS || !a->ipv4) {
		why_set(&why, "%s: it has been moved on too often to be asked for", s->ask.why.text);
		claim_end(s, ERR_STATE, why.text);
		return;
	}
	note.proves = true;
	note.given = a->given;
	memcpy(note.attempt, a->attempt, sizeof(note.attempt));
	memcpy(note.own_proof, a->own_proof, sizeof(note.own_proof));
	memcpy(note.peer_proof, a->peer_proof, sizeof(note.peer_proof));
	memcpy(note.peer_uuid, a->peer_uuid, sizeof(note.peer_uuid));
	mig_text_copy(note.peer_name, sizeof(note.peer_name), a->name, sizeof(a->name));
	note.peer_ipv4 = a->ipv4;
	note.peer_port = a->port;
	mig_locate_start(&s->ask, &m->core, &note, true, now_ns);
}

static void released(struct mig_service *m, struct service_search *s)
{
	const struct mig_note *n;
	struct mig_note came = s->ask.note;

	log_info("mig", "%s gives %s back", s->ask.note.peer_name, s->vm);
	mig_away_home(&m->core.records, s->vm_uuid);
	/* Only one that has been told DONE gives back: where the answer to that is still waited for, nothing is left to
	 * say. */
	n = mig_records_get(&m->core.records, came.attempt);
	came.given++;
	came.in_memory = came.stored = came.left = came.restored = came.orphan = came.untold = false;
	if (!n || n->state == MIG_RECORD_CAME || n->state == MIG_RECORD_DONE)
		mig_came_put(&m->core.records, &came);
	claim_end(s, ERR_OK, "");
}

static void claim_step(struct mig_service *m, struct service_search *s, uint64_t now_ns)
{
	const struct mig_note *away = mig_away_get(&m->core.records, s->vm_uuid);
	enum err e;
	struct why why;

	if (s->result != ERR_AGAIN)
		return;
	/* It came back, or was reclaimed, meanwhile. */
	if (s->attempt_known && away &&
	    (away->given != s->given || memcmp(away->attempt, s->attempt, sizeof(s->attempt))))
		away = NULL;
	if (!away || mig_records_left(&m->core.records, s->vm_uuid)) {
		claim_end(s, ERR_STATE, "it was moved, or reclaimed, meanwhile");
		return;
	}
	if (!s->ask.active) {
		s->attempt_known = true;
		s->given = away->given;
		memcpy(s->attempt, away->attempt, sizeof(s->attempt));
		mig_locate_start(&s->ask, &m->core, away, true, now_ns);
	}
	e = mig_locate_step(&s->ask, now_ns);
	if (e == ERR_AGAIN)
		return;
	if (e != ERR_OK) {
		why = s->ask.why;
		claim_end(s, ERR_STATE, why.text);
	} else if (s->ask.answer.state == MIG_LOCATED_RELEASED && s->ask.answer.given == s->ask.note.given + 1) {
		released(m, s);
	} else if (s->ask.answer.state == MIG_LOCATED_MOVED) {
		follow(m, s, now_ns);
	} else {
		claim_end(s, ERR_STATE, s->ask.why.text);
	}
}

enum err mig_service_vm_claim(struct mig_service *m, const uint8_t uuid[16], uint64_t now_ns, struct why *why)
{
	struct service_search *s = find(m, uuid, true);
	const struct mig_note *away = mig_away_get(&m->core.records, uuid);
	enum err e;

	if (!s) {
		if (!mig_service_vm_held(m, uuid, why))
			return ERR_OK;
		if (!away || mig_records_left(&m->core.records, uuid))
			return ERR_STATE;
		s = begin(m, uuid, away->vm, true, now_ns);
	}
	if (!s) {
		why_set(why, "too many machines are being asked for: try again");
		return ERR_STATE;
	}
	s->polled_ns = now_ns;
	claim_step(m, s, now_ns);
	*why = s->why;
	e = s->result;
	if (e != ERR_AGAIN)
		forget(s);
	return e;
}

/* Nobody asks what became of it any more. */
#define SEARCH_KEEP_NS (2 * MIG_SECOND)

void service_search_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline)
{
	for (unsigned i = 0; i < SERVICE_SEARCHES; i++) {
		struct service_search *s = &m->search[i];
		uint64_t at;

		if (!s->used)
			continue;
		if (s->claim)
			claim_step(m, s, now_ns);
		else
			seek_step(m, s, now_ns);
		at = s->ask.active ? mig_locate_deadline(&s->ask) : s->next_ns;
		if (s->result != ERR_AGAIN)
			at = s->polled_ns + SEARCH_KEEP_NS;
		/* A search that waits is kept for its poller's next look; an ended one only so long. */
		if (s->polled_ns + SEARCH_KEEP_NS <= now_ns && (s->result != ERR_AGAIN || !s->claim)) {
			forget(s);
			continue;
		}
		if (at < *deadline)
			*deadline = at;
	}
}

void service_search_fini(struct mig_service *m)
{
	for (unsigned i = 0; i < SERVICE_SEARCHES; i++)
		if (m->search[i].used)
			forget(&m->search[i]);
}
