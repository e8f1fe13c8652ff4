/* SPDX-License-Identifier: MIT */
#include "job_error.h"
#include "emit.h"
#include "lib/err.h"

/* ErrorType, PerceivedSeverity, ProbableCause and CIMStatusCode of CIM_Error. */
enum { OTHER = 1, COMMUNICATIONS = 2, SOFTWARE = 4, OVERSUBSCRIPTION = 8, UNAVAILABLE = 9, UNSUPPORTED = 10 };
enum { INFORMATION = 2, MAJOR = 5, CRITICAL = 6 };
enum { CAUSE_OTHER = 1, CONNECTION = 5, PROTOCOL = 6, CORRUPT = 10, MEMORY = 33, CAPACITY = 44, SOFTWARE_ERROR = 47,
       RESOURCE = 57, VERSION = 58, TIMEOUT = 111, DUPLICATE = 121, PROCEDURE = 129 };
enum { FAILED = 1, NOT_FOUND = 6, NOT_SUPPORTED = 7, EXISTS = 11, LIMITS = 27 };

/* Numbers are never given anew. The first two rows are of a state, not of an error. */
static const struct job_error rows[] = {
	{ 1000, ERR_OK, OTHER, INFORMATION, PROCEDURE, FAILED, "cancelled by an operator" },
	{ 1001, ERR_OK, COMMUNICATIONS, CRITICAL, CONNECTION, FAILED,
	  "handed over, and it is not known whether the other host runs it" },
	{ 1002, ERR_TIMEOUT, COMMUNICATIONS, MAJOR, TIMEOUT, FAILED, "the other host did not answer in time" },
	{ 1003, ERR_CLOSED, COMMUNICATIONS, MAJOR, CONNECTION, FAILED, "the other host closed the connection" },
	{ 1004, ERR_IO, COMMUNICATIONS, MAJOR, CONNECTION, FAILED, "the connection, or a device, failed" },
	{ 1005, ERR_REFUSED, UNAVAILABLE, MAJOR, RESOURCE, FAILED, "the other host refused or gave up" },
	{ 1006, ERR_NOMEM, UNAVAILABLE, MAJOR, MEMORY, LIMITS, "there was no memory for it" },
	{ 1007, ERR_SPACE, OVERSUBSCRIPTION, MAJOR, CAPACITY, LIMITS, "a limit of this host was reached" },
	{ 1008, ERR_CORRUPT, COMMUNICATIONS, CRITICAL, CORRUPT, FAILED, "a checksum or digest differed" },
	{ 1009, ERR_INVALID, COMMUNICATIONS, MAJOR, PROTOCOL, FAILED,
	  "what the other host sent is malformed or impossible" },
	{ 1010, ERR_RANGE, COMMUNICATIONS, MAJOR, PROTOCOL, FAILED, "what the other host sent is out of range" },
	{ 1011, ERR_SHORT, COMMUNICATIONS, MAJOR, PROTOCOL, FAILED, "what the other host sent ends too early" },
	{ 1012, ERR_UNKNOWN, COMMUNICATIONS, MAJOR, PROTOCOL, NOT_SUPPORTED,
	  "what the other host sent is not known here" },
	{ 1013, ERR_VERSION, UNSUPPORTED, MAJOR, VERSION, NOT_SUPPORTED, "the other host speaks another version" },
	{ 1014, ERR_STATE, OTHER, MAJOR, PROCEDURE, FAILED,
	  "not possible in the state that the virtual system or the move was in" },
	{ 1015, ERR_UNSUPPORTED, UNSUPPORTED, MAJOR, CAUSE_OTHER, NOT_SUPPORTED, "not supported here" },
	{ 1016, ERR_NOTFOUND, UNAVAILABLE, MAJOR, RESOURCE, NOT_FOUND,
	  "the virtual system, or its record, is not there" },
	{ 1017, ERR_EXISTS, UNAVAILABLE, MAJOR, DUPLICATE, EXISTS, "it is there already" },
	{ 1018, ERR_AGAIN, SOFTWARE, MAJOR, SOFTWARE_ERROR, FAILED, "it did not come to an end" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), STATES = 2 };

const struct job_error *job_error_at(unsigned n)
{
	return n < ROWS ? &rows[n] : NULL;
}

const struct job_error *job_error(const struct mig_job *j)
{
	if (j->state == MIG_JOB_CANCELLED)
		return &rows[0];
	if (j->in_doubt)
		return &rows[1];
	if (j->state != MIG_JOB_FAILED)
		return NULL;
	for (unsigned n = STATES; n < ROWS; n++)
		if (rows[n].error == j->error_code)
			return &rows[n];
	return &rows[ROWS - 1];
}

static void property(struct buf *out, const char *name, const char *type, const char *value)
{
	buf_fmt(out, "<PROPERTY NAME=\"%s\" TYPE=\"%s\">", name, type);
	emit_value(out, value);
	buf_str(out, "</PROPERTY>");
}

static void number(struct buf *out, const char *name, const char *type, unsigned value)
{
	buf_fmt(out, "<PROPERTY NAME=\"%s\" TYPE=\"%s\"><VALUE>%u</VALUE></PROPERTY>", name, type, value);
}

void job_error_instance(const struct mig_job *j, const struct job_error *e, struct buf *out)
{
	buf_str(out, "<INSTANCE CLASSNAME=\"CIM_Error\">");
	number(out, "ErrorType", "uint16", e->type);
	if (e->type == OTHER)
		property(out, "OtherErrorType", "string", e->text);
	number(out, "PerceivedSeverity", "uint16", e->severity);
	number(out, "ProbableCause", "uint16", e->cause);
	if (e->cause == CAUSE_OTHER)
		property(out, "ProbableCauseDescription", "string", e->text);
	number(out, "CIMStatusCode", "uint32", e->status);
	property(out, "OwningEntity", "string", "Tern");
	buf_fmt(out, "<PROPERTY NAME=\"MessageID\" TYPE=\"string\"><VALUE>TERN%u</VALUE></PROPERTY>", e->number);
	property(out, "Message", "string", mig_job_reason(j)[0] ? mig_job_reason(j) : e->text);
	property(out, "ErrorSource", "string", j->vm);
	number(out, "ErrorSourceFormat", "uint16", 0);
	buf_str(out, "</INSTANCE>");
}
