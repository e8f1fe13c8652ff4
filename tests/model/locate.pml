/* SPDX-License-Identifier: MIT */
/* locate.pml: who may start a machine that is off, or that no record here speaks of (docs/wire/protocol.md, section 8).
 * Two hosts, which both may define it. A machine moves only while it runs, in one step here: what happens in between is handoff.pml's.
 * Between a question and its answer, and between an answer and what it leads to, anything else may happen; answers may be lost. */

#ifndef CRASHES
#define CRASHES 1	/* restarts of each host */
#endif
#ifndef LOSSES
#define LOSSES 1	/* AWAY markers that the store loses */
#endif
#ifndef MOVES
#define MOVES 2
#endif
#ifndef STARTS
#define STARTS 1	/* by an operator's hand, each host */
#endif
#ifndef LOST
#define LOST 1		/* answers */
#endif

mtype = { LOCATE, CLAIM, NOT_HERE, NO, FIRST, RELEASED };

typedef host {
	bool runs;
	bool away;		/* recorded: it went to the other */
	bool came;		/* recorded: how it came from there, and it has not gone back */
	bool defines;		/* its tern.conf has it */
	bool here;		/* what it is started from is here, as long as the boot lasts */
	bool waits;		/* to start it by itself */
	bool promised;		/* told the other that it may start it; ends by time alone */
	bool asks;		/* a question is under way */
	bool claims;		/* a claim is */
	bool trusts;		/* holds a NOT_HERE that is fresh */
	byte given;		/* times that it was given back since it moved, as recorded here */
	byte crashes, starts;
};

host h[2];
chan to[2] = [2] of { mtype, byte };	/* what host i is asked */
chan back[2] = [2] of { mtype, byte };	/* what host i is answered */
byte moves, losses, lost;
byte forged;

#define OTHER (1 - i)
#define off(n) (!h[n].runs)

inline never_two() { assert(!(h[0].runs && h[1].runs)) }

inline run_it(n)
{
	h[n].runs = true;
	h[n].waits = false;
	h[n].trusts = false;
	never_two();
}

/* What host i says when it is asked. */
inline answer(i)
{
	if
	:: to[i]?LOCATE, n ->
		if
		:: h[i].runs -> back[OTHER]!NO, 0
		/* The host 0 has the smaller uuid. */
		:: !h[i].runs && h[i].waits && i == 0 -> back[OTHER]!FIRST, 0
		:: !h[i].runs && !(h[i].waits && i == 0) ->
#ifndef M_NO_PROMISE
			h[i].promised = true; h[i].trusts = false;
#endif
			back[OTHER]!NOT_HERE, 0
		fi
	:: to[i]?CLAIM, n ->
		if
		:: !h[i].came || n != h[i].given ->
			/* Given up before: the answer was lost. */
			if
			:: h[i].away && n + 1 == h[i].given -> back[OTHER]!RELEASED, h[i].given
#ifdef M_UNCOUNTED
			:: h[i].away && n + 1 != h[i].given -> back[OTHER]!RELEASED, n + 1
#else
			:: h[i].away && n + 1 != h[i].given -> back[OTHER]!NO, 0
#endif
			:: !h[i].away -> back[OTHER]!NO, 0
			fi
		:: h[i].came && n == h[i].given ->
			if
#ifndef M_RELEASE_RUNNING
			:: h[i].runs -> back[OTHER]!NO, 0
			:: !h[i].runs ->
#else
			:: true ->
#endif
#ifndef M_RELEASE_UNRECORDED
				h[i].away = true; h[i].came = false; h[i].given = n + 1; h[i].here = false;
#endif
				back[OTHER]!RELEASED, n + 1
			fi
		fi
	fi
}

/* Its question, or claim, has no answer. */
inline hang_up(i)
{
	h[i].asks = false; h[i].claims = false;
	do :: back[i]?_, _ :: to[OTHER]?_, _ :: empty(back[i]) && empty(to[OTHER]) -> break od
}

/* A restart keeps what is recorded. Connections end with it. */
inline crash(i)
{
	h[i].crashes++;
	h[i].runs = false; h[i].here = false; h[i].promised = false; h[i].asks = false; h[i].claims = false; h[i].trusts = false;
	h[OTHER].asks = false; hang_up(OTHER);
	do :: to[i]?_, _ :: to[OTHER]?_, _ :: back[i]?_, _ :: back[OTHER]?_, _ :: empty(to[i]) && empty(to[OTHER]) && empty(back[i]) && empty(back[OTHER]) -> break od;
	h[i].waits = h[i].defines && !h[i].away
}

proctype live(byte i)
{
	byte n;

	do
	:: atomic { nempty(to[i]) -> answer(i) }
	/* Autostart. */
#ifdef M_START_UNASKED
	:: atomic { h[i].waits && off(i) -> run_it(i) }
#else
	:: atomic { h[i].waits && off(i) && !h[i].asks && !h[i].promised && !h[i].trusts && !h[i].away && !h[i].claims -> h[i].asks = true; to[OTHER]!LOCATE, 0 }
#endif
	:: atomic { h[i].asks && nempty(back[i]) && !h[i].claims ->
		if
		:: back[i]?NOT_HERE, n -> h[i].trusts = !h[i].promised
		:: back[i]?NO, n -> h[i].waits = false
		:: back[i]?FIRST, n
		fi; h[i].asks = false }
	:: atomic { h[i].waits && off(i) && h[i].trusts && !h[i].promised && !h[i].away -> run_it(i) }
	/* An answer is fresh for 10 s, a promise holds for 20: it can't end while the other's word of it still counts. */
	:: atomic { h[i].trusts -> h[i].trusts = false }
	:: atomic { h[i].promised && !h[OTHER].trusts && !h[OTHER].asks -> h[i].promised = false }
	/* An operator's start, of what is held by nothing. One who starts what a lost marker would hold, or what two hosts define, does so
	 * at his own risk. */
	:: atomic { off(i) && h[i].starts < STARTS && !h[i].promised && !h[i].away && (h[i].here || h[i].defines) && losses == 0 &&
		!(h[0].defines && h[1].defines) -> h[i].starts++; run_it(i) }
	:: atomic { off(i) && h[i].away && !h[i].claims && !h[i].asks && h[i].starts < STARTS -> h[i].starts++; h[i].claims = true; to[OTHER]!CLAIM, h[i].given }
	:: atomic { h[i].claims && nempty(back[i]) && !h[i].asks ->
		if
		:: back[i]?RELEASED, n ->
			/* As recorded when it was claimed, or the answer is of another time. */
			if
#ifdef M_UNCOUNTED
			:: h[i].away
#else
			:: h[i].away && n == h[i].given + 1
#endif
				-> h[i].away = false; h[i].came = true; h[i].here = true; h[i].given = n; run_it(i)
			:: else
			fi
#ifdef M_ANY_ANSWER
		:: back[i]?NO, n -> h[i].away = false; run_it(i)
#else
		:: back[i]?NO, n
#endif
		:: back[i]?NOT_HERE, n
		:: back[i]?FIRST, n
		fi; h[i].claims = false }
#ifdef M_UNPROVEN
	/* A stranger answers in the other's place. */
	:: atomic { h[i].claims && !forged -> forged = 1; hang_up(i); h[i].away = false; run_it(i) }
#else
	:: atomic { h[i].claims && !forged -> forged = 1; hang_up(i) }
#endif
	/* The answer is lost; so is the question. */
	:: atomic { (h[i].asks || h[i].claims) && lost < LOST -> lost++; hang_up(i) }
	/* It ends, moves, or the host does. */
	:: atomic { h[i].runs -> h[i].runs = false }
	:: atomic { h[i].runs && moves < MOVES -> moves++; h[i].runs = false; h[i].away = true; h[OTHER].away = false;
		h[i].came = false; h[i].given = 0; h[OTHER].given = 0; hang_up(OTHER);
		h[OTHER].came = true; h[OTHER].here = true; h[i].here = false; h[OTHER].waits = false; h[OTHER].trusts = false; h[OTHER].runs = true; never_two() }
	:: atomic { h[i].crashes < CRASHES -> crash(i) }
	/* The store has lost the marker, with the memory of it: only a restart shows it. */
	:: atomic { h[i].away && h[i].crashes < CRASHES && losses < LOSSES -> losses++; h[i].away = false; crash(i) }
	:: atomic { timeout -> break }
	od
}

init {
	atomic {
		/* Host 0 defines it; host 1 may too. */
		h[0].defines = true; h[0].waits = true;
		if :: h[1].defines = true; h[1].waits = true :: skip fi;
		run live(0); run live(1)
	}
}
