/* SPDX-License-Identifier: MIT */
/* wire_play.h: migrations recorded, and one side of a recording played to the real other side. */
#pragma once
#include "wire_guest.h"

#define WIRE_MIB (1ull << 20)

struct wire_recording { uint8_t *bytes[2]; size_t length[2]; };	/* [0] of the source, [1] of the destination */

/* S(name, meaning): what is recorded. */
#define WIRE_SCENES(S)							\
	S(idle,	  "a guest that writes nothing")			\
	S(busy,	  "a guest that writes while it moves, in several rounds") \
	S(state,  "a state image of several parts")			\
	S(images, "a kernel and an initrd that the destination lacks")	\
	S(plain,  "without the memory hash")				\
	S(still,  "a guest that stands still: one round")			\
	S(check,  "a check, accepted")					\
	S(reject, "an offer refused for two reasons")			\
	S(abort,  "a state that the destination can't load")		\
	S(cancel, "cancelled by the source's operator in the first round")	\
	S(settle, "RUNNING is lost: the connection on which the source asks again") \
	S(unsure, "READY is lost: the connection on which the source says that it gave up") \
	S(cut,	  "the link is cut in the second round: the first connection") \
	S(resume, "the same: the connection on which it goes on")		\
	S(lost,   "the source dies before it has read READY: the first connection") \
	S(inquire, "the same: the connection on which the destination asks back") \
	S(giveup, "the destination's operator cancels in the first round") \
	S(claim,  "it ended where it moved to: the connection on which it is claimed back") \
	S(locate, "it runs where it moved to: the connection on which that is asked")

#define WIRE_SCENE_ENUM(name, meaning) WIRE_##name,
enum wire_scene { WIRE_SCENES(WIRE_SCENE_ENUM) WIRE_SCENE_COUNT };
#undef WIRE_SCENE_ENUM

/* Plays @scene with both real sides on @p (pair_fini ends it) and records its first connection (settle, unsure, claim, locate: its second);
 * free both bytes. */
void wire_record(struct pair *p, enum wire_scene scene, struct wire_recording *out);

struct wire_verdict {
	bool complete;			/* the live side went all the way and said what the recording says */
	char text[256];			/* else: why not, as far as it was told */
	uint64_t digest, memory_hash;	/* the live side's; 0 without */
	uint16_t version_min, version_max;	/* of the live side's HELLO; 0 without */
};

/* A real destination hears the recorded source, whose part ends before COMMIT if the READY is not the recorded one. @p
 * is for looking at the guest afterwards; pair_fini ends it. */
void wire_play_source(struct pair *p, const struct wire_recording *r, struct wire_verdict *v);
/* A real source with scene idle's guest hears the recorded destination. */
void wire_play_destination(struct pair *p, const struct wire_recording *r, struct wire_verdict *v);
