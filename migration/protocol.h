/* SPDX-License-Identifier: MIT */
/* protocol.h: the records of docs/wire/protocol.md as tables: types, caps and bodies. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/state.h"
#include "lib/why.h"

#define MIG_VERSION	1
#define MIG_MAGIC	0x3147494d4e524554ull	/* "TERNMIG1" */
#define MIG_PORT	5991
#define MIG_HEADER	32u
#define MIG_BODY_MAX	65536u
#define MIG_RECORD_PAGES 1024u	/* that one PAGES record may name */
#define MIG_OPTIONAL	0x8000u
#define MIG_STATE_MAX	(512u << 10)	/* bytes of a state image that this build takes */
#define MIG_ATTEMPT	16
#define MIG_PROOF	16

/* T(name, type, cap of the body) */
#define MIG_TYPES(T)			\
	T(HELLO,	 1, 1024)	\
	T(OFFER,	 2, 4096)	\
	T(ACCEPT,	 3, 256)	\
	T(REJECT,	 4, 4096)	\
	T(PAGES,	 5, MIG_BODY_MAX) \
	T(ROUND_END,	 6, 256)	\
	T(ROUND_ACK,	 7, 256)	\
	T(STATE,	 8, MIG_BODY_MAX) \
	T(STATE_REPORT,	 9, 512)	\
	T(STOP,		10, 256)	\
	T(READY,	11, 256)	\
	T(COMMIT,	12, 256)	\
	T(RUNNING,	13, 256)	\
	T(DONE,		14, 0)		\
	T(QUERY,	15, 256)	\
	T(ANSWER,	16, 256)	\
	T(REFUSED,	17, 512)	\
	T(HEARTBEAT,	18, 0)		\
	T(ABORT,	19, 512)	\
	T(RESUME,	20, 256)	\
	T(RESUMED,	21, 256)	\
	T(DEFINITION,	22, 4096)	\
	T(WANT,		23, 512)	\
	T(BLOB,		24, MIG_BODY_MAX) \
	T(VERDICT,	25, 512)	\
	T(LOCATE,	26, 256)	\
	T(LOCATED,	27, 1024)

#define MIG_TYPE_ENUM(name, type, cap) MIG_##name = type,
enum mig_type { MIG_TYPES(MIG_TYPE_ENUM) MIG_TYPE_END };
#undef MIG_TYPE_ENUM

/* Deadlines of section 2. */
#define MIG_SECOND		1000000000ull
#define MIG_HEARTBEAT_NS	(1 * MIG_SECOND)
#define MIG_DEAD_NS		(6 * MIG_SECOND)
#define MIG_CONNECT_NS		(5 * MIG_SECOND)
#define MIG_HELLO_NS		(5 * MIG_SECOND)
#define MIG_ACCEPT_NS		(15 * MIG_SECOND)
#define MIG_OFFER_NS		(30 * MIG_SECOND)
#define MIG_ROUND_NS		(30 * MIG_SECOND)
#define MIG_READY_NS		(15 * MIG_SECOND)
#define MIG_STALL_NS		(30 * MIG_SECOND)
/* a guest that ran stands still so long, and four times what was foretold, until all has left */
#define MIG_STILL_NS		(30 * MIG_SECOND)
#define MIG_WANT_NS		(60 * MIG_SECOND)
/* D hears nothing but HEARTBEAT from a source that moves a guest */
#define MIG_PROGRESS_NS		(120 * MIG_SECOND)
/* the same before STOP of a guest that may have to power off first */
#define MIG_SHUTDOWN_NS		(900 * MIG_SECOND)
#define MIG_SETTLE_NS		(60 * MIG_SECOND)	/* a connection that only asks lives so long */
/* without progress a guest that comes in may have to give way to another peer's */
#define MIG_IDLE_NS		(10 * MIG_SECOND)
#define MIG_IDLE_OFF_NS		(70 * MIG_SECOND)	/* the same of one that may have to power off first */
#define MIG_DONE_NS		(3 * MIG_SECOND)
/* a machine is started so long after the first "not here", at the latest */
#define MIG_FRESH_NS		(10 * MIG_SECOND)
#define MIG_PROMISE_NS		(20 * MIG_SECOND)	/* who said so doesn't start it itself meanwhile */
#define MIG_RETRY_FIRST_NS	(MIG_SECOND / 4)
#define MIG_RESUME_RETRY_NS	(4 * MIG_SECOND)
#define MIG_GRACE_UNTOLD_NS	(60 * MIG_SECOND)	/* supposed where ACCEPT did not come */
#define MIG_RETRY_LAST_NS	(8 * MIG_SECOND)
#define MIG_ASK_BACK_NS		(2 * MIG_SECOND)	/* S may come back by itself so long */

enum mig_purpose { MIG_PURPOSE_MIGRATE = 1, MIG_PURPOSE_CHECK = 2, MIG_PURPOSE_SETTLE = 3, MIG_PURPOSE_RESUME = 4,
		   MIG_PURPOSE_INQUIRE = 5, MIG_PURPOSE_LOCATE = 6 };
enum { MIG_OFFER_CHECK = 1, MIG_OFFER_VERIFY = 2 };
enum { MIG_ANSWER_NONE = 0, MIG_ANSWER_PREPARED = 1 };
enum { MIG_VERDICT_OPEN = 0, MIG_VERDICT_COMMITTED = 1, MIG_VERDICT_NEVER = 2 };
enum mig_encoding { MIG_ENC_ZERO = 0, MIG_ENC_RAW = 1, MIG_ENC_LZ4 = 2, MIG_ENC_DELTA = 3, MIG_ENC_DEDUP = 4,
		    MIG_ENC_BATCH = 5 };
/* Capabilities in HELLO: what a side takes; used when both have it. */
enum {
	MIG_CAP_DELTA = 1 << 0,
	MIG_CAP_BATCH = 1 << 2,
	MIG_CAP_DEDUP = 1 << 3,
	MIG_CAP_RESUME = 1 << 4,
	MIG_CAP_DIGEST_CRC = 1 << 6,
	MIG_CAP_PROOF = 1 << 7,
	MIG_CAP_DEFINITION = 1 << 8,
	MIG_CAP_ASK_BACK = 1 << 10,
	MIG_CAP_LOCATE = 1 << 11,
	MIG_CAPABILITIES = MIG_CAP_DELTA | MIG_CAP_BATCH | MIG_CAP_DEDUP | MIG_CAP_RESUME | MIG_CAP_DIGEST_CRC |
		MIG_CAP_PROOF | MIG_CAP_DEFINITION | MIG_CAP_ASK_BACK | MIG_CAP_LOCATE
};
/* A statement of the sender alone: its records of hand-offs outlive its boot. */
#define MIG_CAP_RECORDS_KEPT 2ull
#define MIG_CAP_RECORDS_FOUND 32ull
enum { MIG_STATE_DRY = 1 };

/* Fixed parts of PAGES and STATE bodies. */
struct mig_pages_head { uint32_t round, entries; };
struct mig_pages_entry { uint64_t page; uint32_t count; uint16_t encoding, length; };
struct mig_state_head { uint32_t flags, total, offset, zero; };
_Static_assert(sizeof(struct mig_pages_head) == 8, "wire");
_Static_assert(sizeof(struct mig_pages_entry) == 16, "wire");
_Static_assert(sizeof(struct mig_state_head) == 16, "wire");
struct mig_blob_head { uint32_t which, zero; uint64_t offset; };
_Static_assert(sizeof(struct mig_blob_head) == 16, "wire");


#define MIG_HELLO_TABLE(F, A)							\
	F(1, 1, uint64_t, magic, UINT64_MAX, "the bytes TERNMIG1")			\
	F(2, 1, uint64_t, capabilities, UINT64_MAX, "MIG_CAP_*")		\
	F(3, 1, uint16_t, version_min, UINT16_MAX, "oldest version spoken")		\
	F(4, 1, uint16_t, version_max, UINT16_MAX, "newest version spoken")		\
	F(0x802b, 1, uint16_t, port, UINT16_MAX, "of this host's migration service")	\
	F(5, 1, uint8_t, purpose, 6, "enum mig_purpose")			\
	A(6, 1, uint8_t, boot_id, 16, UINT8_MAX, "new at each boot of this host")	\
	A(7, 1, uint8_t, uuid, 16, UINT8_MAX, "of this host")				\
	A(8, 1, uint8_t, name, 64, UINT8_MAX, "of this host")			\
	A(0x802a, 1, uint8_t, back, 2 * MIG_PROOF, UINT8_MAX, "what D asks back with, and what it is told")	\
	A(0x8020, 1, uint8_t, proof, MIG_PROOF, UINT8_MAX, "a secret of the attempt")

#define MIG_OFFER_TABLE(F, A)							\
	F(1, 1, uint64_t, memory_bytes, 1ull << 46, "guest memory at 0")	\
	F(2, 1, uint32_t, flags, 3, "MIG_OFFER_CHECK, MIG_OFFER_VERIFY")	\
	F(3, 1, uint32_t, vcpus, UINT16_MAX, "virtual CPUs")				\
	F(4, 1, uint32_t, tsc_khz, UINT32_MAX, "of the guest's TSC")			\
	F(5, 1, uint32_t, cpu_policy_bytes, 1024, "valid in cpu_policy")	\
	F(6, 1, uint32_t, inventory_bytes, 512, "valid in inventory")		\
	F(0x800b, 1, uint16_t, move_type, UINT16_MAX, "enum mig_move_type, for people") \
	A(7, 1, uint8_t, uuid, 16, UINT8_MAX, "of the virtual machine")		\
	A(8, 1, uint8_t, name, 32, UINT8_MAX, "of the virtual machine")		\
	A(9, 1, uint8_t, cpu_policy, 1024, UINT8_MAX, "CPUID policy, opaque")		\
	A(10, 1, uint8_t, inventory, 512, UINT8_MAX, "types and versions, opaque")

#define MIG_ACCEPT_TABLE(F, A)							\
	F(1, 1, uint64_t, state_bytes, UINT64_MAX, "largest state image taken")	\
	F(2 | STATE_OPTIONAL, 1, uint32_t, resume_grace_ms, 3600000, "a cut is waited out so long")

#define MIG_REJECT_TEXT (WHY_MAX * WHY_TEXT)
#define MIG_REJECT_TABLE(F, A)							\
	F(1, 1, uint32_t, count, WHY_MAX, "reasons in text")			\
	A(2, 1, uint8_t, text, MIG_REJECT_TEXT, UINT8_MAX, "200 bytes each")

#define MIG_ROUND_END_TABLE(F, A)						\
	F(1, 1, uint64_t, raw_pages, UINT64_MAX, "sent raw in this round")		\
	F(2, 1, uint64_t, zero_pages, UINT64_MAX, "sent as zero in this round")	\
	F(3, 1, uint32_t, round, UINT32_MAX, "1, 2, ...")				\
	F(4, 1, uint32_t, final, 1, "the guest is stopped, STATE follows")

#define MIG_ROUND_TABLE(F, A)							\
	F(1, 1, uint32_t, round, UINT32_MAX, "1, 2, ...")

#define MIG_ROUND_ACK_TABLE(F, A)						\
	F(0x8002, 1, uint64_t, load_ns, UINT64_MAX, "time to load the round's pages")	\
	F(1, 1, uint32_t, round, UINT32_MAX, "1, 2, ...")

#define MIG_STATE_REPORT_TABLE(F, A)						\
	F(1, 1, uint64_t, check_ns, UINT64_MAX, "time the check took")			\
	F(0x8004, 1, uint64_t, hash_ns, UINT64_MAX, "hashing all memory would take")	\
	F(0x8005, 1, uint64_t, record_ns, UINT64_MAX, "recording PREPARED and OWNED would take")	\
	F(2, 1, uint8_t, ok, 1, "the image could be loaded")			\
	A(3, 1, uint8_t, text, WHY_TEXT, UINT8_MAX, "why not")

#define MIG_READY_TABLE(F, A)							\
	F(1, 1, uint64_t, digest, UINT64_MAX, "of everything loaded")			\
	F(2, 1, uint64_t, memory_hash, UINT64_MAX, "of all guest memory")		\
	F(3, 1, uint64_t, load_ns, UINT64_MAX, "time to check and load the state")	\
	F(4, 1, uint64_t, verify_ns, UINT64_MAX, "time to hash memory")		\
	F(5, 1, uint8_t, verified, 1, "memory_hash is valid")

#define MIG_COMMIT_TABLE(F, A)							\
	F(1, 1, uint64_t, digest, UINT64_MAX, "of everything loaded")			\
	F(2, 1, uint64_t, stopped_ns, 1ull << 62, "the guest stood still so long")	\
	F(0x8003, 1, uint64_t, turn_ns, UINT64_MAX, "of it since READY came")

#define MIG_RUNNING_TABLE(F, A)							\
	F(1, 1, uint64_t, resume_ns, UINT64_MAX, "COMMIT received to guest running")	\
	F(0x8002, 1, uint64_t, record_ns, UINT64_MAX, "recording PREPARED and OWNED took")

#define MIG_QUERY_TABLE(F, A)							\
	F(1, 1, uint64_t, digest, UINT64_MAX, "of everything loaded")

#define MIG_ANSWER_TABLE(F, A)							\
	F(1, 1, uint8_t, state, 1, "MIG_ANSWER_*")

#define MIG_VERDICT_TABLE(F, A)							\
	F(1, 1, uint8_t, state, 2, "MIG_VERDICT_*")				\
	A(2, 1, uint8_t, word, MIG_PROOF, UINT8_MAX, "of NEVER: the second half of HELLO's back")	\
	A(3, 1, uint8_t, text, WHY_TEXT, UINT8_MAX, "of OPEN and NEVER: why, if that is known")	\
	F(0x8004, 1, uint8_t, cancelled, 1, "of NEVER: an operator's wish, no failure")

#define MIG_RESUMED_TABLE(F, A)							\
	F(1, 1, uint64_t, records, UINT64_MAX, "PAGES records loaded")

#define MIG_ABORT_TABLE(F, A)							\
	A(1, 1, uint8_t, text, WHY_TEXT, UINT8_MAX, "one sentence")			\
	F(0x8022, 1, uint8_t, cancelled, 1, "an operator's wish, no failure")

#define MIG_CMDLINE 2048
#define MIG_DEFINITION_TABLE(F, A)						\
	F(1, 1, uint64_t, kernel_bytes, UINT64_MAX, "not 0")			\
	F(2, 1, uint64_t, initrd_bytes, UINT64_MAX, "0: there is none")		\
	A(3, 1, uint8_t, kernel_sha256, 32, UINT8_MAX, "of the kernel")		\
	A(4, 1, uint8_t, initrd_sha256, 32, UINT8_MAX, "of the initrd")		\
	A(5, 1, uint8_t, cmdline, MIG_CMDLINE, UINT8_MAX, "with a zero byte")

#define MIG_WANT_TABLE(F, A)							\
	F(1, 1, uint64_t, kernel_from, UINT64_MAX, "bytes of it that are here")	\
	F(2, 1, uint64_t, initrd_from, UINT64_MAX, "bytes of it that are here")	\
	F(3, 1, uint8_t, taken, 1, "0: the destination does without")		\
	A(4, 1, uint8_t, text, WHY_TEXT, UINT8_MAX, "why it does")

/* Where a machine is: asked by who would start it. */
enum { MIG_LOCATE_CLAIM = 1 };
enum mig_located_state {
	MIG_LOCATED_NOT_HERE,	/* and not started here for MIG_PROMISE_NS */
	MIG_LOCATED_RUNS, MIG_LOCATED_STOPPED, MIG_LOCATED_MOVING,
	MIG_LOCATED_MOVED,	/* to another host, which is named */
	MIG_LOCATED_FIRST,	/* the answering host is about to start it */
	MIG_LOCATED_RELEASED, MIG_LOCATED_REFUSED,
	MIG_LOCATED_STATES
};
#define MIG_LOCATE_TABLE(F, A)							\
	F(1, 1, uint32_t, flags, MIG_LOCATE_CLAIM, "MIG_LOCATE_CLAIM")		\
	F(5, 1, uint32_t, given, UINT32_MAX, "how often it was given back since that attempt")	\
	A(2, 1, uint8_t, uuid, 16, UINT8_MAX, "of the virtual machine")		\
	A(3, 1, uint8_t, attempt, MIG_ATTEMPT, UINT8_MAX, "by which it left, of a claim")	\
	A(4, 1, uint8_t, proof, MIG_PROOF, UINT8_MAX, "what the asked host said there")

#define MIG_LOCATED_TABLE(F, A)							\
	F(1, 1, uint32_t, ipv4, UINT32_MAX, "where it moved on to, 0: it did not")	\
	F(11, 1, uint32_t, given, UINT32_MAX, "how often it was given back since, with this time")	\
	F(2, 1, uint16_t, port, UINT16_MAX, "of that host, 0: the usual one")	\
	F(3, 1, uint8_t, state, MIG_LOCATED_STATES - 1, "enum mig_located_state")	\
	A(4, 1, uint8_t, text, WHY_TEXT, UINT8_MAX, "one sentence")		\
	A(5, 1, uint8_t, proof, MIG_PROOF, UINT8_MAX, "what the claiming host said there")	\
	A(6, 1, uint8_t, name, 64, UINT8_MAX, "of the host that it moved on to")	\
	A(7, 1, uint8_t, peer_uuid, 16, UINT8_MAX, "of that host")		\
	A(8, 1, uint8_t, attempt, MIG_ATTEMPT, UINT8_MAX, "by which it moved on")	\
	A(9, 1, uint8_t, own_proof, MIG_PROOF, UINT8_MAX, "what this host said there")	\
	A(10, 1, uint8_t, peer_proof, MIG_PROOF, UINT8_MAX, "what that host said there")

#define MIG_TEXT_TABLE(F, A)							\
	A(1, 1, uint8_t, text, WHY_TEXT, UINT8_MAX, "one sentence")

STATE_STRUCT(mig_hello, MIG_HELLO_TABLE)
STATE_STRUCT(mig_offer, MIG_OFFER_TABLE)
STATE_STRUCT(mig_accept, MIG_ACCEPT_TABLE)
STATE_STRUCT(mig_reject, MIG_REJECT_TABLE)
STATE_STRUCT(mig_round_end, MIG_ROUND_END_TABLE)
STATE_STRUCT(mig_round, MIG_ROUND_TABLE)
STATE_STRUCT(mig_round_ack, MIG_ROUND_ACK_TABLE)
STATE_STRUCT(mig_state_report, MIG_STATE_REPORT_TABLE)
STATE_STRUCT(mig_ready, MIG_READY_TABLE)
STATE_STRUCT(mig_commit, MIG_COMMIT_TABLE)
STATE_STRUCT(mig_running, MIG_RUNNING_TABLE)
STATE_STRUCT(mig_query, MIG_QUERY_TABLE)
STATE_STRUCT(mig_answer, MIG_ANSWER_TABLE)
STATE_STRUCT(mig_verdict, MIG_VERDICT_TABLE)
STATE_STRUCT(mig_resumed, MIG_RESUMED_TABLE)
STATE_STRUCT(mig_abort, MIG_ABORT_TABLE)
STATE_STRUCT(mig_definition_record, MIG_DEFINITION_TABLE)
STATE_STRUCT(mig_want, MIG_WANT_TABLE)
STATE_STRUCT(mig_locate_record, MIG_LOCATE_TABLE)
STATE_STRUCT(mig_located, MIG_LOCATED_TABLE)
STATE_STRUCT(mig_text, MIG_TEXT_TABLE)


/* "HELLO", or "type 0x...." kept in a static buffer for an unknown one; never NULL. */
const char *mig_type_name(uint16_t type);
/* Largest body of @type; 0 too for types without a body. */
uint32_t mig_type_cap(uint16_t type);
/* 1 if @type is one of MIG_TYPES. */
int mig_type_known(uint16_t type);
/* The table of @type's body, NULL if the body is empty or not a table. */
const struct state_desc *mig_type_table(uint16_t type);

/* Copies the peer's text: at most @room bytes with a NUL, everything but printable ASCII becomes '?'. */
void mig_text_copy(char *out, size_t room, const uint8_t *text, size_t length);
/* Fills the body of REFUSED, or of ABORT. */
void mig_text_set(struct mig_text *out, const char *text);
void mig_abort_set(struct mig_abort *out, const char *text, bool cancelled);
