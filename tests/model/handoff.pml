/* SPDX-License-Identifier: MIT */
/* handoff.pml: docs/wire/protocol.md section 5 as a model for SPIN. README.md says what it covers and how it is run. */

/* --- bounds, all to be set with -D --------------------------------------------------------------- */
#ifndef ATTEMPTS
#define ATTEMPTS 1	/* attempts to move the guest from S to D, one after the other */
#endif
#ifndef CUTS
#define CUTS 1		/* links that die */
#endif
#ifndef SLOW
#define SLOW 1		/* timeouts although the link lives, and loads that fail */
#endif
#ifndef DUPS
#define DUPS 0		/* records that come twice, on the same or another connection of the attempt */
#endif
#ifndef S_CRASHES
#define S_CRASHES 0
#endif
#ifndef D_CRASHES
#define D_CRASHES 0
#endif
#ifndef CANCELS
#define CANCELS 1
#endif
#ifndef GIVE_UPS
#define GIVE_UPS 0	/* an operator ends PREPARED at D by recording ABORTED */
#endif
#ifndef FORGETS
#define FORGETS 0	/* crashes that lose the records too, although the host keeps them (-DDURABLE) */
#endif
#ifndef FORCES
#define FORCES 0	/* times that an operator forces an outcome: at S in doubt, at D prepared */
#endif
#ifndef AUTOSTARTS
#define AUTOSTARTS 0	/* times that S, restarted with its records, starts the machine afresh where nothing holds it */
#endif
#ifndef FULLS
#define FULLS 0		/* times that a host's store (-DDURABLE) becomes full */
#endif
#ifndef AGES
#define AGES 0		/* OWNED records that give way to others for their age, or go by an operator's word */
#endif
#ifndef STRANGERS
#define STRANGERS 0	/* connections that a third host opens: it knows the attempt, but not what the first connection said */
#endif
#define CONNS 3		/* connections that exist at once */
#define ROOM 4		/* records on their way in one direction of one */

#ifdef DURABLE
#define IS_DURABLE true
#else
#define IS_DURABLE false
#endif
#ifdef LIVENESS
bool tick;
#endif

/* A simulation for traces has its faults after FAULT_AT records, and tells when nothing moves any more. */
#ifdef TRACE
byte seen;
#define SEEN		seen++;
#define MAY_FAIL	(seen >= FAULT_AT)
#else
#define SEEN
#define MAY_FAIL	true
#endif

mtype = { HELLO, OFFER, ACCEPT, REJECT, STATE, READY, COMMIT, RUNNING, DONE, QUERY, ANS_PREPARED, ANS_NONE, REFUSED, ABORT };

/* --- what exists ---------------------------------------------------------------------------------- */
#define NOCONN CONNS
chan s2d[CONNS] = [ROOM] of { mtype };
chan d2s[CONNS] = [ROOM] of { mtype };
bool used[CONNS], cut[CONNS], s_gone[CONNS], d_gone[CONNS], settles[CONNS];
byte att[CONNS];
byte serial[CONNS];	/* of the connection, for traces */
byte opened;
bool strange[CONNS];	/* a third host's, that nothing proves to be S's */

/* Asking back: a connection of D's own, on which S says NEVER of an attempt that it never committed and never will. A question that is
 * lost is asked again, so that here it stays until there is an answer. */
#define NOTHING_ASKED 0
#define ASKED 1
#define NEVER 2		/* S's answer is on its way, and stays so whatever becomes of S */
#define LIE 3		/* a third host's */
byte back[ATTEMPTS];
bool d_has_word[ATTEMPTS], s_has_word[ATTEMPTS];	/* what S answers with: given to D at the beginning, and what S can make of its store */
byte strangers = STRANGERS;

#define NONE 0		/* records, of both sides */
#define PREPARED 1
#define OWNED 2
#define ABORTED 3
#define COMMITTED 4
#define DONE_ 5
byte s_rec[ATTEMPTS], d_rec[ATTEMPTS];	/* as a host remembers them */
byte s_sto[ATTEMPTS], d_sto[ATTEMPTS];	/* as stored: what a restart finds */
bool s_mem[ATTEMPTS], d_mem[ATTEMPTS];	/* the attempt began when the store was spent: nothing of it is stored */

byte fulls = FULLS;
bool s_spent, d_spent;	/* the store took no more: not counted on for new attempts until the next boot */
#ifdef TRACE
#define MAY_TAKE(spent)	(!spent)
#else
#define MAY_TAKE(spent)	true	/* of what is tried all the same some may fit */
#endif
#define MAY_FILL	(MAY_FAIL && fulls)

#define S_IDLE 0	/* the source's life of an attempt */
#define S_OFFERED 1
#define S_STOPPED 2
#define S_COMMITTED 3
#define S_DONE 4
#define S_ABORTED 5
#define S_END 6
byte st[ATTEMPTS];
byte s_conn[ATTEMPTS];	/* its connection or NOCONN */
bool sent_state[ATTEMPTS], unknown[ATTEMPTS];	/* D may be prepared; the outcome is not known and S says so */
bool new_boot[ATTEMPTS];	/* D's boot id is not the one of the first HELLO */
bool hopeless[ATTEMPTS];	/* no answer to come can settle it (it asks on; here it stops, for the states' sake) */
byte d_boot, peer_boot[ATTEMPTS];

#define G_NONE 0	/* a guest's memory on a host */
#define G_LOADING 1
#define G_LOADED 2
#define G_STOPPED 3
#define G_RUN 4
#define G_FRESH 5	/* started anew from its disks */
byte sg = G_RUN, dg[ATTEMPTS];
byte d_conn[ATTEMPTS];	/* the connection that D loads from */

bool ran;		/* D's copy has run, however shortly */
bool s_decided[ATTEMPTS];	/* S resumed after this attempt (ghost) */
bool lock_s = true, lock_d;	/* who may act on the outside world (ghost) */
bool asked;		/* for a mutation */
bool away, away_sto;	/* S: the machine went to D; stored */
bool owes[ATTEMPTS], owes_sto[ATTEMPTS];	/* S: DONE stands for an AWAY that could not be stored */
bool lost[ATTEMPTS];	/* D: OWNED in an earlier boot */
bool d_keeps = IS_DURABLE;	/* D says RECORDS_KEPT in this boot */
bool committed[ATTEMPTS], said_never[ATTEMPTS];	/* ghosts: S committed it; D was told that S never does */
bool owned, forgot, forced, told;	/* ghosts: D recorded OWNED once; a crash lost records; an operator forced; S said "runs twice" */
byte forgets = FORGETS, forces = FORCES, autostarts = AUTOSTARTS, ages = AGES;
bool aged;		/* ghost: one did */
bool s_crashed, d_crashed, s_kick[ATTEMPTS], d_kick[ATTEMPTS];

byte cuts = CUTS, slow = SLOW, dups = DUPS, cancels = CANCELS, give_ups = GIVE_UPS, s_crashes = S_CRASHES, d_crashes = D_CRASHES;

#if ATTEMPTS > 1
#define ANY_COPY_D	(dg[0] != G_NONE || dg[1] != G_NONE)
#define D_RUNS		(dg[0] == G_RUN || dg[1] == G_RUN)
#define BEFORE_ENDED(e)	(e == 0 || st[0] == S_ABORTED || st[0] == S_END)
#else
#define ANY_COPY_D	(dg[0] != G_NONE)
#define D_RUNS		(dg[0] == G_RUN)
#define BEFORE_ENDED(e)	true
#endif

/* --- connections ------------------------------------------------------------------------------------ */
inline drain(q)
{
	do
	:: nempty(q) -> q?_
	:: empty(q) -> break
	od
}

inline maybe_free(c)
{
	if
	:: s_gone[c] && d_gone[c] ->
		drain(s2d[c]); drain(d2s[c]);
		used[c] = false; cut[c] = false; s_gone[c] = false; d_gone[c] = false; settles[c] = false; strange[c] = false;
		att[c] = 0; serial[c] = 0
	:: else
	fi
}

inline close_s(e)
{
	d_step {
		if
		:: s_conn[e] != NOCONN ->
			s_gone[s_conn[e]] = true;
			drain(d2s[s_conn[e]]);
			maybe_free(s_conn[e]);
			s_conn[e] = NOCONN
		:: else
		fi
	}
}

inline close_d(c)
{
	d_gone[c] = true;
	drain(s2d[c]);
	maybe_free(c)
}

#ifdef TRACE
#define TRACE_OPEN(e)	serial[s_conn[e]] = opened; opened++; printf("EV open %d %d\n", serial[s_conn[e]], e)
#else
#define TRACE_OPEN(e)	skip
#endif

#define FREE_CONN	(!used[0] || !used[1] || !used[2])
inline open(e, settle)
{
	if
	:: !used[0] -> s_conn[e] = 0
	:: used[0] && !used[1] -> s_conn[e] = 1
	:: used[0] && used[1] -> assert(!used[2]); s_conn[e] = 2
	fi;
	used[s_conn[e]] = true;
	att[s_conn[e]] = e;
	settles[s_conn[e]] = settle;
	TRACE_OPEN(e)
}
/* A send never tells whether the record arrives. */
inline send_s(e, m)
{
	atomic {
		if
		:: s_conn[e] != NOCONN && !cut[s_conn[e]] && !d_gone[s_conn[e]] -> s2d[s_conn[e]]!m
		:: else
		fi
	}
}

inline send_d(c, m)
{
	atomic {
		if
		:: c != NOCONN && used[c] && !d_gone[c] && !cut[c] && !s_gone[c] -> d2s[c]!m
		:: else
		fi
	}
}

/* --- guests: the properties stand where something would break them ------------------------------------- */
inline s_resume(e)
{
	d_step {
		assert(!D_RUNS || forced);	/* P1: never two running */
		assert(!ran || forced);		/* P4: no rollback to an image that has run elsewhere */
		assert(sg == G_STOPPED);	/* P2: what S may resume it still has */
		assert(lock_s);			/* P8: what S gives away it must have back before it runs */
		s_decided[e] = true;
		sg = G_RUN
	}
}

inline s_free()
{
	d_step {
		assert(ran || sg == G_NONE || forced);	/* P3: nobody frees before the other's proof */
		sg = G_NONE; lock_s = false
	}
}

inline d_run(e)
{
	d_step {
		assert((sg != G_RUN && sg != G_FRESH) || forced);	/* P1, P10 */
		assert(dg[e] == G_LOADED);	/* P5: once, and only a complete copy */
		assert(!s_decided[e] || forced);	/* P4: S went on from here */
#ifndef M_RUN_BEFORE_ACK
		assert(s_rec[e] == COMMITTED || s_crashed || forced);	/* P5: only what S committed */
#endif
		ran = true; dg[e] = G_RUN
	}
}

inline d_announce(e)
{
	d_step {
		assert(d_rec[e] == OWNED && dg[e] == G_RUN);	/* P8: effects only after OWNED */
		assert(sg != G_RUN || forced);
		lock_d = true
	}
}

/* P3: a prepared copy goes only when S has decided to go on or still can. */
inline d_discard(e)
{
	d_step {
		assert(dg[e] != G_LOADED || s_decided[e] || (d_rec[e] == ABORTED && (sg != G_NONE || s_crashed || forced)));
		assert(dg[e] != G_RUN);
		dg[e] = G_NONE; d_conn[e] = NOCONN
	}
}

/* --- records: remembered and stored -------------------------------------------------------------------------- */
/* Before its first HELLO an attempt asks for room. */
inline begin(spent, mem, who)
{
	if
	:: MAY_FILL && !spent -> fulls--; spent = true; printf("EV full %c 1\n", who)
	:: true
	fi;
	mem = spent
}

/* A writing fails without notice. */
inline fill(spent, who)
{
	if
	:: spent
	:: !spent -> fulls--; spent = true; printf("EV full %c 2\n", who)
	fi
}

/* bad: it was a promise and could not be stored, so it is none. */
inline s_put(e, r)
{
	atomic {
		if
		:: s_mem[e] -> s_rec[e] = r
		:: !s_mem[e] && MAY_TAKE(s_spent) -> s_rec[e] = r; s_sto[e] = r; owes_sto[e] = (r == DONE_ && owes[e])
		:: !s_mem[e] && (s_spent || MAY_FILL) ->
			fill(s_spent, 's');
#ifdef M_FULL_PROMISES
			s_rec[e] = r;
#else
			bad = (r == COMMITTED);
			s_rec[e] = (bad -> s_rec[e] : r);
#endif
#ifndef M_FULL_KEEPS_COMMITTED
			s_sto[e] = (r == DONE_ -> s_sto[e] : NONE)
#endif
		fi
	}
}

inline s_drop(e)
{
	s_rec[e] = NONE; s_sto[e] = NONE; owes[e] = false; owes_sto[e] = false
}

#ifdef M_FULL_HALF
#define D_STORES(e, r)	(!d_mem[e] || r == PREPARED)
#else
#define D_STORES(e, r)	(!d_mem[e])
#endif
inline d_put(e, r)
{
	atomic {
		if
		:: !D_STORES(e, r) -> d_rec[e] = r
		:: D_STORES(e, r) && MAY_TAKE(d_spent) -> d_rec[e] = r; d_sto[e] = r
		:: D_STORES(e, r) && (d_spent || MAY_FILL) ->
			fill(d_spent, 'd');
#ifdef M_FULL_PROMISES
			d_rec[e] = r
#else
			bad = (r != ABORTED);
			d_rec[e] = (bad -> d_rec[e] : r)
#endif
		fi
	}
}

inline d_drop(e)
{
	d_rec[e] = NONE; d_sto[e] = NONE; lost[e] = false
}

/* The machine went to D. That is tried to be stored whatever the attempt is. */
inline s_mark(e)
{
	atomic {
		if
		:: away_sto -> skip
		:: !away_sto && MAY_TAKE(s_spent) -> away_sto = true; owes[e] = false
		:: !away_sto && (s_spent || MAY_FILL) ->
			fill(s_spent, 's');
#ifndef M_FULL_OWES_NOTHING
			owes[e] = !s_mem[e]
#endif
		fi;
		away = true
	}
}

/* D runs it: AWAY says that the attempt is done, also where its own record does not (docs/wire/records.md). */
inline s_mark_done(e)
{
	if
	:: s_mem[e] -> s_mark(e)
	:: else ->
		atomic {
			if
			:: MAY_TAKE(s_spent) ->
				away_sto = true; owes[e] = false;
				s_sto[e] = (s_sto[e] == COMMITTED -> DONE_ : s_sto[e])
			:: s_spent || MAY_FILL ->
				fill(s_spent, 's');
#ifndef M_FULL_OWES_NOTHING
				owes[e] = true
#endif
			fi;
			away = true
		}
	fi
}

inline s_home()
{
	d_step { away = false; away_sto = false }
}

/* --- S --------------------------------------------------------------------------------------------------- */
/* STOPPED or OFFERED, and it does not go on. */
inline s_abort(e)
{
	if
	:: st[e] == S_STOPPED ->
		s_put(e, ABORTED);
		s_resume(e);
		send_s(e, ABORT);
		close_s(e);
		d_step {
			if
#ifdef M_NO_NOTIFICATION
			:: true -> st[e] = S_END; s_drop(e); sent_state[e] = false
#else
			:: sent_state[e] -> st[e] = S_ABORTED
			:: !sent_state[e] -> st[e] = S_END; s_drop(e)
#endif
			fi
		}
	:: st[e] == S_OFFERED ->
		send_s(e, ABORT);
		close_s(e);
		st[e] = S_END
	fi
}

/* Nothing else of an attempt that is remembered alone would hold the machine after a restart: without AWAY there is no commit. */
#ifdef M_FULL_MARKS_LATE
#define s_mark_first(e)	skip
#else
inline s_mark_first(e)
{
	if
	:: s_mem[e] -> s_mark(e)
#ifndef M_FULL_GOES_ANYWAY
		; bad = !away_sto
#endif
	:: !s_mem[e]
	fi
}
#endif

inline s_commit(e)
{
#ifdef M_COMMIT_BEFORE_RECORD
	send_s(e, COMMIT);
	if
	:: d_step { cancels -> cancels-- } s_abort(e)
	:: true -> atomic { s_put(e, COMMITTED); st[e] = S_COMMITTED }
	fi
#else
	s_mark_first(e);
	if
	:: !bad -> s_put(e, COMMITTED)
	:: bad
	fi;
	if
	:: bad -> bad = false; s_home(); s_abort(e)
	:: !bad -> d_step { assert(!said_never[e]); st[e] = S_COMMITTED; committed[e] = true }	/* P12 */
		send_s(e, COMMIT)
	fi
#endif
#ifdef M_FREE_AFTER_SEND
	;
	if
	:: st[e] == S_COMMITTED -> s_free()
	:: else
	fi
#endif
}

/* What the mutations do instead of asking. */
inline s_give_up(e)
{
	s_put(e, ABORTED); s_resume(e); close_s(e); st[e] = S_END
}

inline s_lost(e)	/* COMMITTED, and the connection died */
{
#ifdef M_RESUME_ON_SEND_ERROR
	s_give_up(e)
#else
	d_step { unknown[e] = true; } close_s(e)
#endif
}

inline s_doubt(e)	/* never a guess */
{
	d_step { unknown[e] = true; hopeless[e] = true } close_s(e)
}

inline s_none(e)	/* COMMITTED, and D says it has no record */
{
#ifdef M_NONE_MEANS_NO
	s_give_up(e)
#else
	assert(d_crashed || aged);		/* P5: a D that kept its memory knows */
	s_doubt(e)
#endif
}

#ifdef M_FULL_TELLS_DONE
#define UNTOLD(e)	false
#else
#define UNTOLD(e)	(s_rec[e] == DONE_ && s_sto[e] == COMMITTED)
#endif

/* D knows: the record goes, unless it stands for an AWAY that still can't be stored. */
inline s_forget(e)
{
	if
	:: owes[e] -> s_mark(e)
	:: !owes[e]
	fi;
	d_step {
		if
		:: !owes[e] -> s_drop(e)
		:: owes[e]
		fi;
		st[e] = S_END; sent_state[e] = false
	}
}

inline s_answer(e, m)
{
	if
	:: st[e] == S_OFFERED && m == ACCEPT ->
		d_step { sg = G_STOPPED; st[e] = S_STOPPED }
#ifdef M_LOCK_RELEASED_EARLY
		lock_s = false;
#endif
		if
		:: d_step { slow -> slow-- } s_abort(e)
		:: true -> d_step { sent_state[e] = true }; send_s(e, STATE)
		fi
	:: st[e] == S_STOPPED && m == READY -> s_commit(e)
#ifndef M_OLD_BOOT_RUNS
	:: st[e] == S_COMMITTED && m == RUNNING && new_boot[e] && sg == G_STOPPED -> s_doubt(e) /* D owned it, and lost it */
	:: st[e] == S_COMMITTED && m == RUNNING && !(new_boot[e] && sg == G_STOPPED) ->
#else
	:: st[e] == S_COMMITTED && m == RUNNING ->
#endif
#ifndef M_AWAY_LATE
		s_mark_done(e);
#endif
		s_free();
		if
		:: !s_mem[e] && s_sto[e] == DONE_ -> s_rec[e] = DONE_
		:: else -> s_put(e, DONE_)
		fi;
		unknown[e] = false;
		if	/* a restart would ask: D must know until then */
		:: UNTOLD(e) -> close_s(e); st[e] = S_END
		:: !UNTOLD(e) -> st[e] = S_DONE; send_s(e, DONE)
		fi
	:: st[e] == S_COMMITTED && m == REFUSED ->
		s_put(e, ABORTED);
		if
		:: sg == G_STOPPED -> s_home(); s_resume(e)
		:: else -> assert(s_crashed || forced); s_home()	/* lost at both */
		fi;
		close_s(e);
		d_step { s_drop(e); st[e] = S_END; unknown[e] = false; sent_state[e] = false }
	:: st[e] == S_COMMITTED && m == ANS_PREPARED ->
		assert(!s_decided[e]);		/* P11: never commits again what it took back */
		send_s(e, COMMIT)
	:: st[e] == S_COMMITTED && m == ANS_NONE -> s_none(e)
	:: st[e] == S_COMMITTED && m != RUNNING && m != REFUSED && m != ANS_PREPARED && m != ANS_NONE -> s_lost(e)
	:: (st[e] == S_DONE && m == ANS_NONE) || (st[e] == S_ABORTED && (m == ANS_NONE || m == REFUSED)) ->
		close_s(e);
#ifdef M_AWAY_LATE
		if
		:: m == ANS_NONE && ran -> s_mark(e)
		:: else
		fi;
#endif
		s_forget(e)
	:: st[e] == S_ABORTED && m == RUNNING ->
		assert(forced);		/* P1: D runs what was never committed */
		d_step { told = true; st[e] = S_DONE }
		send_s(e, DONE)
	:: else -> /* what does not belong there ends the connection */
		if
		:: st[e] == S_STOPPED || st[e] == S_OFFERED -> s_abort(e)
		:: else -> close_s(e)
		fi
	fi
}

inline s_link_dead(e)
{
	if
	:: st[e] == S_OFFERED || st[e] == S_STOPPED -> s_abort(e)
	:: st[e] == S_COMMITTED -> s_lost(e)
	:: else -> close_s(e)
	fi
}

/* D's question back: S tells nothing of an attempt that is open, or that its store has as committed, or had when it was lost. */
#define S_OPEN(e)	(st[e] == S_OFFERED || st[e] == S_STOPPED)
#define S_DECIDED(e)	(st[e] == S_COMMITTED || s_rec[e] == COMMITTED || s_rec[e] == DONE_)
#if defined(M_NEVER_COMMITTED)
#define SAYS_NEVER(e)	(s_has_word[e] && !S_OPEN(e))
#elif defined(M_NEVER_OPEN)
#define SAYS_NEVER(e)	(s_has_word[e] && !S_DECIDED(e))
#elif defined(M_NEVER_UNKEPT)
#define SAYS_NEVER(e)	(!S_OPEN(e) && !S_DECIDED(e))
#else
#define SAYS_NEVER(e)	(s_has_word[e] && !S_OPEN(e) && !S_DECIDED(e))
#endif

#define QUESTION(e)	(st[e] == S_COMMITTED -> QUERY : (st[e] == S_DONE -> DONE : ABORT))
#define ASKS(e)		(st[e] == S_COMMITTED || st[e] == S_DONE || st[e] == S_ABORTED)

inline s_connect(e)
{
	open(e, true);
	new_boot[e] = (d_boot != peer_boot[e])
}

inline s_ask(e)
{
	if
#ifdef M_NEW_BOOT_MEANS_NO
	:: !new_boot[e] || (d_keeps && st[e] != S_COMMITTED) -> send_s(e, QUESTION(e))
	:: new_boot[e] && st[e] == S_COMMITTED -> s_give_up(e)
#else
	:: !new_boot[e] || d_keeps -> send_s(e, QUESTION(e))
	:: new_boot[e] && !d_keeps && st[e] == S_COMMITTED -> s_doubt(e)
#endif
	:: new_boot[e] && !d_keeps && st[e] != S_COMMITTED ->
		close_s(e);
		s_forget(e)
	fi
}

proctype Source(byte e)
{
	mtype m;
	bool bad;
end_again:
	{
	end:	do
		:: atomic { st[e] == S_IDLE && sg == G_RUN && BEFORE_ENDED(e) && FREE_CONN ->
#if FULLS
			begin(s_spent, s_mem[e], 's'); begin(d_spent, d_mem[e], 'd');
#endif
			d_has_word[e] = IS_DURABLE && !s_mem[e]; s_has_word[e] = d_has_word[e];
			open(e, false); peer_boot[e] = d_boot; st[e] = S_OFFERED; }
			send_s(e, OFFER)
		:: st[e] == S_IDLE && (e > 0 || sg == G_NONE) && BEFORE_ENDED(e) -> st[e] = S_END
		/* a record of D */
		:: atomic { s_conn[e] != NOCONN && nempty(d2s[s_conn[e]]) ->
			d2s[s_conn[e]]?m; SEEN printf("EV recv s %d %e\n", serial[s_conn[e]], m) }
			s_answer(e, m); m = 0
		:: atomic { back[e] == ASKED && SAYS_NEVER(e) -> back[e] = NEVER }
		/* the link is seen to be dead: a reset, or silence */
		:: s_conn[e] != NOCONN && (cut[s_conn[e]] || (d_gone[s_conn[e]] && empty(d2s[s_conn[e]]))) ->
			printf("EV dead s %d\n", serial[s_conn[e]]); s_link_dead(e)
		/* a timeout although it lives */
		:: d_step { s_conn[e] != NOCONN && slow ->
			slow--; printf("EV timeout s %d\n", serial[s_conn[e]]) }
#ifdef M_RESUME_ON_TIMEOUT
			if
			:: st[e] == S_COMMITTED -> s_give_up(e)
			:: else -> s_link_dead(e)
			fi
#else
			s_link_dead(e)
#endif
		/* an operator: P9, after COMMITTED the answer is "too late" and nothing changes */
		:: d_step { MAY_FAIL && cancels && (st[e] == S_OFFERED || st[e] == S_STOPPED) -> cancels--; printf("EV cancel s %d\n", e) }
			s_abort(e)
#ifdef M_CANCEL_AFTER_COMMIT
		:: d_step { cancels && st[e] == S_COMMITTED -> cancels-- } s_give_up(e)
#endif
#if FORCES
		/* an operator, told the risk: S in doubt resumes its copy, or gives it up and asks on */
		:: atomic { forces && st[e] == S_COMMITTED && unknown[e] && sg == G_STOPPED -> forces--; forced = true;
#ifndef M_FORCE_UNRECORDED
			s_put(e, ABORTED);
#endif
			s_home(); sg = G_RUN; s_decided[e] = true; st[e] = S_ABORTED; unknown[e] = false; hopeless[e] = false }
			close_s(e)
		:: atomic { forces && st[e] == S_COMMITTED && unknown[e] && sg == G_STOPPED -> forces--; forced = true;
#ifdef M_FORGET_SETTLES
			s_mark_done(e);
#else
			s_mark(e);
#endif
			sg = G_NONE }
#endif
		/* in doubt, or a notification: on new connections, for ever */
#ifdef M_ASK_ONCE
		:: atomic { ASKS(e) && s_conn[e] == NOCONN && FREE_CONN && !hopeless[e] && !asked -> asked = true; s_connect(e) }
			s_ask(e)
#else
		:: atomic { ASKS(e) && s_conn[e] == NOCONN && FREE_CONN && !hopeless[e] -> s_connect(e) }
			s_ask(e)
#endif
		od
	} unless { d_step { s_kick[e] -> s_kick[e] = false; m = 0; bad = false } }
	goto end_again
}

/* --- D --------------------------------------------------------------------------------------------------- */
/* A settling connection takes over the copy of its attempt; older ones are closed. */
inline close_older(e, c)
{
	d_step {
		if
		:: c != 0 && used[0] && att[0] == e && !d_gone[0] -> close_d(0)
		:: else
		fi;
		if
		:: c != 1 && used[1] && att[1] == e && !d_gone[1] -> close_d(1)
		:: else
		fi;
		if
		:: c != 2 && used[2] && att[2] == e && !d_gone[2] -> close_d(2)
		:: else
		fi
	}
}

inline d_offer(e, c)
{
	if
	:: d_step { !ANY_COPY_D && d_rec[e] == NONE -> dg[e] = G_LOADING; d_conn[e] = c; } send_d(c, ACCEPT)
	:: else -> send_d(c, REJECT)
	fi
}

inline d_state(e, c)
{
	if
	:: d_step { slow -> slow-- } /* the load fails */
		d_discard(e); send_d(c, ABORT); d_step { close_d(c) }
	:: true ->
		atomic { d_put(e, PREPARED); dg[e] = (bad -> dg[e] : G_LOADED) }
		if
		:: bad -> d_step { bad = false; d_sto[e] = NONE } d_discard(e); send_d(c, ABORT); d_step { close_d(c) }
		:: !bad -> send_d(c, READY)
#ifdef M_RUN_BEFORE_ACK
			; d_put(e, OWNED); d_run(e); d_announce(e)
#endif
		fi
	fi
}

inline d_give_up(e)
{
	d_put(e, ABORTED); d_discard(e)
}

inline d_commit(e, c)
{
#ifdef M_ANNOUNCE_BEFORE_RUN
	d_announce(e);
#endif
#ifdef M_RUN_BEFORE_RECORD
	d_run(e); d_put(e, OWNED);
#else
	atomic { d_put(e, OWNED); owned = owned || !bad }
#endif
	if
	:: bad -> bad = false; d_give_up(e); send_d(c, REFUSED)
	:: !bad ->
#ifndef M_RUN_BEFORE_RECORD
		d_run(e);
#endif
		d_announce(e);
		send_d(c, RUNNING)
#ifdef M_FORGET_OWNED
		; d_drop(e)
#endif
	fi
}

/* What a stranger says comes to nothing. */
#if STRANGERS
inline d_hear(e, c, m)
{
	if
#ifdef M_NO_PROOF
	:: strange[c] && m != STATE && m != HELLO -> d_take(e, c, m)
#endif
#ifdef M_RESUME_ANYONE
	:: strange[c] && m == STATE && dg[e] == G_LOADING -> settles[c] = false; close_older(e, c); d_conn[e] = c; d_state(e, c)
	:: strange[c] && m == COMMIT && d_conn[e] == c -> d_take(e, c, m)
#endif
#ifdef M_HELLO_FORGETS
	:: strange[c] && m == HELLO && (d_rec[e] == OWNED || d_rec[e] == ABORTED) -> d_drop(e)
#endif
	:: strange[c] -> d_step { close_d(c) }
	:: !strange[c] -> d_take(e, c, m)
	fi
}
#else
#define d_hear(e, c, m)	d_take(e, c, m)
#endif

inline d_take(e, c, m)
{
	if
	:: settles[c] && (dg[e] == G_LOADING || dg[e] == G_LOADED) -> close_older(e, c)
	:: else
	fi;
	if
#ifdef M_SETTLE_ALONE
	:: settles[c] && dg[e] == G_LOADED && m == ABORT -> d_put(e, ABORTED); send_d(c, REFUSED)	/* by the record, which it finds without the copy */
	:: m == OFFER && !settles[c] -> d_offer(e, c)
#else
	:: m == OFFER && !settles[c] -> d_offer(e, c)
#endif
	:: m == STATE && dg[e] == G_LOADING && d_conn[e] == c -> d_state(e, c)
	:: dg[e] == G_LOADING && (m == COMMIT || m == QUERY || m == ABORT || m == DONE) ->
		d_discard(e); send_d(c, ANS_NONE)
	:: d_rec[e] == PREPARED && m == COMMIT -> d_commit(e, c)
	:: d_rec[e] == PREPARED && m == QUERY -> send_d(c, ANS_PREPARED)
	:: d_rec[e] == PREPARED && m == ABORT -> d_give_up(e); send_d(c, REFUSED)
	:: d_rec[e] == OWNED && lost[e] && m == ABORT -> /* S has its copy back by force */
		d_step { d_drop(e) } send_d(c, ANS_NONE)
	:: d_rec[e] == OWNED && (m == COMMIT || m == QUERY || (m == ABORT && !lost[e])) ->
#ifdef M_RUN_AGAIN
		if
		:: m == COMMIT -> d_run(e)
		:: else
		fi;
#endif
		send_d(c, RUNNING)
	:: d_rec[e] == OWNED && m == DONE -> d_step { d_drop(e) } send_d(c, ANS_NONE)
	:: d_rec[e] == ABORTED && (m == COMMIT || m == QUERY || m == ABORT) -> send_d(c, REFUSED)
	:: d_rec[e] == ABORTED && m == DONE -> d_step { d_drop(e) } send_d(c, ANS_NONE)
#if defined(M_OLD_ATTEMPT) && ATTEMPTS > 1
	:: d_rec[e] == NONE && dg[e] != G_LOADING && m == COMMIT && d_rec[1 - e] == PREPARED -> o = 1 - e; d_commit(o, c); o = 0
	:: d_rec[e] == ABORTED && m == COMMIT && d_rec[1 - e] == PREPARED -> o = 1 - e; d_commit(o, c); o = 0
#endif
	:: d_rec[e] == NONE && dg[e] != G_LOADING && (m == COMMIT || m == QUERY || m == ABORT || m == DONE) ->
		send_d(c, ANS_NONE)
	:: else -> d_link_dead(e, c) /* what does not belong there */
	fi
}

inline d_link_dead(e, c)
{
	d_step { close_d(c) }
	if
	:: dg[e] == G_LOADING && d_conn[e] == c -> d_discard(e)
#ifdef M_DROP_PREPARED
	:: d_rec[e] == PREPARED -> d_drop(e); d_discard(e)
#endif
	:: else
	fi
}

#define LINKED(e, c)		(used[c] && att[c] == e && !d_gone[c])
#ifdef M_NEVER_ASKS
#define ASKS_BACK(e)		false
#else
#define ASKS_BACK(e)		(back[e] == NOTHING_ASKED && d_has_word[e] && d_rec[e] == PREPARED && !LINKED(e, 0) && !LINKED(e, 1) && !LINKED(e, 2))
#endif
#ifdef M_NEVER_STRANGER
#define IS_TOLD(e)		(back[e] == NEVER || back[e] == LIE)
#else
#define IS_TOLD(e)		(back[e] == NEVER)
#endif

#define D_MAY_READ(e, c)	(used[c] && att[c] == e && !d_gone[c] && nempty(s2d[c]))
#define D_MAY_SEE(e, c)		(used[c] && att[c] == e && !d_gone[c] && (cut[c] || s_gone[c]))

proctype Dest(byte e)
{
	mtype m;
	byte c;
	bool bad;
#ifdef M_OLD_ATTEMPT
	byte o;
#endif
end_again:
	{
	end:	do
		:: atomic {
			if
			:: D_MAY_READ(e, 0) -> c = 0
			:: D_MAY_READ(e, 1) -> c = 1
			:: D_MAY_READ(e, 2) -> c = 2
			fi;
			s2d[c]?m; SEEN printf("EV recv d %d %e\n", serial[c], m) }
			d_hear(e, c, m);
			d_step { assert((dg[e] == G_LOADED) == (d_rec[e] == PREPARED)); m = 0; c = 0 }	/* P7 */
		:: atomic {
			if
			:: D_MAY_SEE(e, 0) -> c = 0
			:: D_MAY_SEE(e, 1) -> c = 1
			:: D_MAY_SEE(e, 2) -> c = 2
			fi;
			printf("EV dead d %d\n", serial[c]) }
			d_link_dead(e, c); c = 0
		:: d_step { slow && dg[e] == G_LOADING -> slow--; printf("EV timeout d %d\n", serial[d_conn[e]]) }
			send_d(d_conn[e], ABORT); c = d_conn[e]; d_link_dead(e, c); c = 0
		/* prepared, and S's connection is gone: it asks back */
		:: atomic { ASKS_BACK(e) -> back[e] = ASKED }
		:: atomic { IS_TOLD(e) ->
			back[e] = NOTHING_ASKED;
			if
			:: d_rec[e] == PREPARED ->
				printf("EV told d %d\n", e);
				assert(!committed[e] || forced);	/* P12: only of what S never committed */
				said_never[e] = true; d_put(e, ABORTED)
			:: else
			fi }
			if
			:: dg[e] == G_LOADED -> d_discard(e)
			:: else
			fi
		:: atomic { back[e] > NEVER && !IS_TOLD(e) -> back[e] = NOTHING_ASKED }
#ifdef M_GIVE_UP_UNRECORDED
		:: d_step { give_ups && d_rec[e] == PREPARED -> give_ups--; d_drop(e) } d_discard(e)
#else
		:: atomic { give_ups && d_rec[e] == PREPARED -> give_ups--; d_put(e, ABORTED) } d_discard(e)
#endif
#if AGES
		:: d_step { MAY_FAIL && ages && d_rec[e] == OWNED -> ages--; aged = true; d_drop(e) }
#endif
#if FORCES
		:: atomic { forces && d_rec[e] == PREPARED -> forces--; forced = true; d_put(e, OWNED); owned = owned || !bad }
			if
			:: bad -> bad = false	/* what can't be recorded is not done */
			:: !bad -> d_run(e); d_announce(e)
			fi
#endif
		od
	} unless { d_step { d_kick[e] -> d_kick[e] = false; m = 0; c = 0; bad = false } }
	goto end_again
}

/* --- the world ------------------------------------------------------------------------------------------- */
inline forget_s(e, keeps)
{
	s_kick[e] = true;
	s_conn[e] = NOCONN;
	s_has_word[e] = s_has_word[e] && keeps;
	hopeless[e] = false;
	if
	:: !keeps -> s_drop(e)
	:: else ->
		forgot = forgot || (s_mem[e] && s_rec[e] != NONE);
		s_rec[e] = s_sto[e]; owes[e] = owes_sto[e]
	fi;
	s_mem[e] = false;
	if
	:: s_rec[e] == COMMITTED -> st[e] = S_COMMITTED; unknown[e] = true
	:: s_rec[e] == DONE_ -> st[e] = S_DONE
	:: s_rec[e] == ABORTED -> st[e] = S_ABORTED
	:: else -> st[e] = S_END; unknown[e] = false
	fi
}

inline forget_d(e, keeps)
{
	d_kick[e] = true;
	back[e] = NOTHING_ASKED;
	dg[e] = G_NONE;
	d_conn[e] = NOCONN;
	if
	:: !keeps -> d_sto[e] = NONE
	:: else ->
		forgot = forgot || (d_mem[e] && d_rec[e] != NONE)
	fi;
	if
#ifdef M_FORGETS_PREPARED
	:: d_sto[e] == PREPARED -> d_sto[e] = NONE
#else
	:: d_sto[e] == PREPARED -> d_sto[e] = ABORTED	/* the copy is gone and never ran; unstored it comes to the same again */
#endif
	:: else
	fi;
	d_rec[e] = d_sto[e];
	d_mem[e] = false;
	lost[e] = (d_rec[e] == OWNED)
}

inline s_leaves(c)
{
	if
	:: used[c] && !s_gone[c] -> s_gone[c] = true; drain(d2s[c]); maybe_free(c)
	:: else
	fi
}

inline d_leaves(c)
{
	if
	:: used[c] && !d_gone[c] -> close_d(c)
	:: else
	fi
}

/* A host that loses its memory and boots again. */
inline crash_s(keeps, spent)
{
	d_step {
		s_crashes--; s_spent = s_spent && spent; s_crashed = true; sg = G_NONE;
		s_leaves(0); s_leaves(1); s_leaves(2);
		forget_s(0, keeps);
#if ATTEMPTS > 1
		forget_s(1, keeps);
#endif
		if
		:: !keeps -> away = false; away_sto = false; autostarts = 0; forgot = true
		:: else -> away = away_sto
		fi;
		printf("EV crash s %d\n", spent)
	}
}

inline crash_d(keeps, spent)
{
	d_step {
		d_spent = d_spent && spent;
		d_crashes--; d_crashed = true; d_keeps = keeps;
#ifndef M_LOST_RUNS
		d_boot++;
#endif
		d_leaves(0); d_leaves(1); d_leaves(2);
		forget_d(0, keeps);
#if ATTEMPTS > 1
		forget_d(1, keeps);
#endif
		if
		:: !keeps -> forgot = true
		:: else
		fi;
		printf("EV crash d %d\n", spent)
	}
}

/* S has the machine in its tern.conf: it starts it afresh, where nothing holds it. */
#ifdef M_AUTOSTART_COMMITTED
#define HOLDS(e)	false
#else
#define HOLDS(e)	(s_rec[e] == COMMITTED || owes[e])
#endif
#ifdef M_AUTOSTART_AWAY
#define IS_AWAY		false
#else
#define IS_AWAY		away
#endif
#if ATTEMPTS > 1
#define HELD		(IS_AWAY || HOLDS(0) || HOLDS(1))
#else
#define HELD		(IS_AWAY || HOLDS(0))
#endif
inline start_afresh()
{
	d_step {
		autostarts--;
		assert(!D_RUNS || forced);	/* P10; d_run sees to it that D does not run it later either */
		sg = G_FRESH
	}
}

inline cut_one(c)
{
	d_step {
		MAY_FAIL && cuts && used[c] && !cut[c] && !s_gone[c] && !d_gone[c] ->
		cuts--; cut[c] = true; printf("EV cut %d\n", serial[c])
	}
}

#define REPEAT(q, c, b)	d_step { \
	dups && used[c] && used[b] && att[c] == att[b] && !s_gone[b] && !d_gone[b] && nempty(q[c]) && nfull(q[b]) -> \
	dups--; q[c]?<m>; q[b]!m; m = 0 }

#if STRANGERS
/* Says something, and does not wait for what that leads to. */
proctype Stranger()
{
	byte c;
end:	do
	:: atomic { strangers && FREE_CONN -> strangers--;
		if
		:: !used[0] -> c = 0
		:: used[0] && !used[1] -> c = 1
		:: used[0] && used[1] -> c = 2
		fi;
		used[c] = true; att[c] = 0; settles[c] = true; strange[c] = true; s_gone[c] = true;
		if
		:: s2d[c]!COMMIT
		:: s2d[c]!ABORT
		:: s2d[c]!QUERY
		:: s2d[c]!DONE
		:: s2d[c]!HELLO
		:: s2d[c]!STATE; s2d[c]!COMMIT
		fi;
		c = 0 }
	/* it has S's address */
	:: d_step { strangers && back[0] == ASKED -> strangers--; back[0] = LIE }
	od
}
#endif

proctype Net()
{
	mtype m;
end:	do
	:: cut_one(0)
	:: cut_one(1)
	:: cut_one(2)
#if DUPS
	:: REPEAT(s2d, 0, 0)
	:: REPEAT(s2d, 0, 1)
	:: REPEAT(s2d, 1, 1)
	:: REPEAT(s2d, 1, 0)
	:: REPEAT(d2s, 0, 0)
	:: REPEAT(d2s, 0, 1)
	:: REPEAT(d2s, 1, 1)
	:: REPEAT(d2s, 1, 0)
#endif
	/* the firmware's next start takes room back, mostly */
	:: MAY_FAIL && s_crashes -> crash_s(IS_DURABLE, false)
	:: MAY_FAIL && d_crashes -> crash_d(IS_DURABLE, false)
#if FULLS
	:: MAY_FAIL && s_crashes && s_spent -> crash_s(true, true)
	:: MAY_FAIL && d_crashes && d_spent -> crash_d(true, true)
#endif
#if FORGETS
	:: forgets && s_crashes -> atomic { forgets--; crash_s(false, false) }
	:: forgets && d_crashes -> atomic { forgets--; crash_d(false, false) }
#endif
#if AUTOSTARTS
	:: atomic { autostarts && s_crashed && sg == G_NONE && !HELD -> start_afresh() }
#endif
#ifdef LIVENESS
	:: tick = !tick	/* time passes: with fairness, for ever only when nobody else can move */
#endif
	od
}

#ifdef TRACE
proctype End()
{
	timeout -> printf("EV end %d %d\n", sg, dg[0])
}
#endif

init {
	d_step {
		s_conn[0] = NOCONN; d_conn[0] = NOCONN;
#if ATTEMPTS > 1
		s_conn[1] = NOCONN; d_conn[1] = NOCONN;
#endif
	}
#ifdef DURABLE
	printf("EV durable\n");
#endif
	atomic {
		run Net(); run Source(0); run Dest(0);
#if STRANGERS
		run Stranger();
#endif
#ifdef TRACE
		run End();
#endif
#if ATTEMPTS > 1
		run Source(1); run Dest(1);
#endif
	}
}

/* --- P6: what every run comes to and stays at ---------------------------------------------------------------- */
/* Both sides have ended, or the one that can't know the outcome shows it. */
#define DOUBT_S(e)	(st[e] == S_COMMITTED && unknown[e] && hopeless[e])
/* A prepared copy is in doubt for good only where S keeps no records, or lost what it kept. */
#define DOUBT_D(e)	(d_rec[e] == PREPARED && s_crashed && !(d_has_word[e] && s_has_word[e]))
#define SETTLED(e)	((st[e] == S_IDLE || st[e] == S_END || DOUBT_S(e)) && (dg[e] == G_NONE || dg[e] == G_RUN || DOUBT_D(e)))
/* With records that are kept, no crash leaves one behind that nobody will ever ask for. */
#define DROPPED(e)	(d_rec[e] == NONE || d_rec[e] == ABORTED || UNTOLD(e) || DOUBT_S(e) || DOUBT_D(e) || \
			 ((s_crashed || d_crashed) && (!IS_DURABLE || forgot)))
/* Nor is S in doubt but for a D that took over and died, or that forgot. */
#define JUST(e)		(!DOUBT_S(e) || !IS_DURABLE || owned || forgot)
#if ATTEMPTS > 1
#define ALL_SETTLED	(SETTLED(0) && SETTLED(1) && DROPPED(0) && DROPPED(1) && JUST(0) && JUST(1))
#define ANY_DOUBT	(DOUBT_S(0) || DOUBT_S(1) || DOUBT_D(0) || DOUBT_D(1))
#else
#define ALL_SETTLED	(SETTLED(0) && DROPPED(0) && JUST(0))
#define ANY_DOUBT	(DOUBT_S(0) || DOUBT_D(0))
#endif
/* It runs, or it died with the host that ran it, or a doubt is shown. */
#define RUNS		((sg == G_RUN) || D_RUNS || ANY_DOUBT || s_crashed || (ran && d_crashed) || forced)
/* What an operator forced to run twice S says, unless it died. */
#define LOUD		(!(sg == G_RUN && D_RUNS) || told || aged)
#ifdef LIVENESS
ltl p6 { <>[] (ALL_SETTLED && RUNS && LOUD) }
#endif
