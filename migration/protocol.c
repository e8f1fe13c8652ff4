/* SPDX-License-Identifier: MIT */
/* protocol.c: names, caps and body tables of the record types. */
#include "protocol.h"
#include <string.h>
#include "lib/fmt.h"

#define ROWS(rec, TABLE) static const struct state_field rec##_fields[] = { TABLE(ROW_F, ROW_A) }
#define ROW_F(t, s, type, name, max, doc)	STATE_ROW(REC, t, s, type, name, 1, max, doc)
#define ROW_A(t, s, type, name, n, max, doc)	STATE_ROW(REC, t, s, type, name, n, max, doc)

#define REC mig_hello
ROWS(mig_hello, MIG_HELLO_TABLE);
#undef REC
#define REC mig_offer
ROWS(mig_offer, MIG_OFFER_TABLE);
#undef REC
#define REC mig_accept
ROWS(mig_accept, MIG_ACCEPT_TABLE);
#undef REC
#define REC mig_reject
ROWS(mig_reject, MIG_REJECT_TABLE);
#undef REC
#define REC mig_round_end
ROWS(mig_round_end, MIG_ROUND_END_TABLE);
#undef REC
#define REC mig_round
ROWS(mig_round, MIG_ROUND_TABLE);
#undef REC
#define REC mig_round_ack
ROWS(mig_round_ack, MIG_ROUND_ACK_TABLE);
#undef REC
#define REC mig_state_report
ROWS(mig_state_report, MIG_STATE_REPORT_TABLE);
#undef REC
#define REC mig_ready
ROWS(mig_ready, MIG_READY_TABLE);
#undef REC
#define REC mig_commit
ROWS(mig_commit, MIG_COMMIT_TABLE);
#undef REC
#define REC mig_running
ROWS(mig_running, MIG_RUNNING_TABLE);
#undef REC
#define REC mig_query
ROWS(mig_query, MIG_QUERY_TABLE);
#undef REC
#define REC mig_answer
ROWS(mig_answer, MIG_ANSWER_TABLE);
#undef REC
#define REC mig_verdict
ROWS(mig_verdict, MIG_VERDICT_TABLE);
#undef REC
#define REC mig_resumed
ROWS(mig_resumed, MIG_RESUMED_TABLE);
#undef REC
#define REC mig_abort
ROWS(mig_abort, MIG_ABORT_TABLE);
#undef REC
#define REC mig_definition_record
ROWS(mig_definition_record, MIG_DEFINITION_TABLE);
#undef REC
#define REC mig_want
ROWS(mig_want, MIG_WANT_TABLE);
#undef REC
#define REC mig_locate_record
ROWS(mig_locate_record, MIG_LOCATE_TABLE);
#undef REC
#define REC mig_located
ROWS(mig_located, MIG_LOCATED_TABLE);
#undef REC
#define REC mig_text
ROWS(mig_text, MIG_TEXT_TABLE);
#undef REC

#define DESC(type_, rec) [type_] = {					\
	.name = &#type_[4], .type = type_, .version = MIG_VERSION,	\
	.size = sizeof(struct rec), .field = rec##_fields,		\
	.field_count = sizeof(rec##_fields) / sizeof(rec##_fields[0]) },

static const struct state_desc table[MIG_TYPE_END] = {
	DESC(MIG_HELLO, mig_hello)
	DESC(MIG_OFFER, mig_offer)
	DESC(MIG_ACCEPT, mig_accept)
	DESC(MIG_REJECT, mig_reject)
	DESC(MIG_ROUND_END, mig_round_end)
	DESC(MIG_ROUND_ACK, mig_round_ack)
	DESC(MIG_STATE_REPORT, mig_state_report)
	DESC(MIG_STOP, mig_round)
	DESC(MIG_READY, mig_ready)
	DESC(MIG_COMMIT, mig_commit)
	DESC(MIG_RUNNING, mig_running)
	DESC(MIG_QUERY, mig_query)
	DESC(MIG_ANSWER, mig_answer)
	DESC(MIG_REFUSED, mig_text)
	DESC(MIG_ABORT, mig_abort)
	DESC(MIG_RESUME, mig_round)
	DESC(MIG_RESUMED, mig_resumed)
	DESC(MIG_DEFINITION, mig_definition_record)
	DESC(MIG_WANT, mig_want)
	DESC(MIG_VERDICT, mig_verdict)
	DESC(MIG_LOCATE, mig_locate_record)
	DESC(MIG_LOCATED, mig_located)
};

#define TYPE_NAME(name, type, cap) [type] = #name,
static const char *const names[MIG_TYPE_END] = { MIG_TYPES(TYPE_NAME) };
#define TYPE_CAP(name, type, cap) [type] = cap,
static const uint32_t caps[MIG_TYPE_END] = { MIG_TYPES(TYPE_CAP) };

int mig_type_known(uint16_t type)
{
	return type < MIG_TYPE_END && names[type];
}

const char *mig_type_name(uint16_t type)
{
	static char unknown[16];

	if (mig_type_known(type))
		return names[type];
	fmt(unknown, sizeof(unknown), "type 0x%04x", type);
	return unknown;
}

uint32_t mig_type_cap(uint16_t type)
{
	return mig_type_known(type) ? caps[type] : MIG_BODY_MAX;
}

const struct state_desc *mig_type_table(uint16_t type)
{
	return type < MIG_TYPE_END && table[type].field ? &table[type] : NULL;
}

void mig_text_copy(char *out, size_t room, const uint8_t *text, size_t length)
{
	size_t n = 0;

	for (; n + 1 < room && n < length && text[n]; n++)
		out[n] = text[n] >= ' ' && text[n] <= '~' ? (char)text[n] : '?';
	out[n] = 0;
}

void mig_text_set(struct mig_text *out, const char *text)
{
	memset(out, 0, sizeof(*out));
	fmt((char *)out->text, sizeof(out->text), "%s", text);
}

void mig_abort_set(struct mig_abort *out, const char *text, bool cancelled)
{
	memset(out, 0, sizeof(*out));
	out->cancelled = cancelled;
	fmt((char *)out->text, sizeof(out->text), "%s", text);
}
