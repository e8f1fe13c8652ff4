/* SPDX-License-Identifier: MIT */
/* job.c: migration jobs: waiting for one, showing them, cancelling. */
#include "control.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include "progress.h"

#define POLL_MS 300

enum { JOB_COMPLETED = 7, JOB_TERMINATED = 8, JOB_KILLED = 9, JOB_EXCEPTION = 10 };

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const char *state_text(uint64_t state)
{
	static const char *const name[] = { [2] = "new", [3] = "starting", [4] = "running", [5] = "suspended",
		[6] = "shutting down", [7] = "completed", [8] = "terminated", [9] = "killed", [10] = "failed" };

	return state < sizeof(name) / sizeof(name[0]) && name[state] ? name[state] : "unknown";
}

static bool ended(const struct xml *job)
{
	uint64_t state = cim_number(job, "JobState", 0);

	return state >= JOB_COMPLETED && state <= JOB_EXCEPTION;
}

static char leaving[1024];	/* what Ctrl-C says, ready before it comes */

static void on_interrupt(int number)
{
	ssize_t n = write(STDERR_FILENO, leaving, strlen(leaving));

	(void)n;
	signal(number, SIG_DFL);
	raise(number);
}

/* Ctrl-C ends the waiting, not the job. */
static void interrupt_says(const struct control *c, const struct cim_path *path)
{
	const char *id = cim_path_key(path, "InstanceID"), *number = id ? strrchr(id, '/') : NULL;

	number = number ? number + 1 : id ? id : "ID";
	snprintf(leaving, sizeof(leaving), "\nternctl: the job goes on; to watch it: ternctl -H %s job %s --wait; to end it: "
		 "ternctl -H %s cancel %s\n", c->server, number, c->server, number);
	signal(SIGINT, on_interrupt);
}

enum ctl job_wait(struct control *c, const struct cim_path *path, struct cim_answer *final)
{
	uint64_t start = now_ms(), heard = start;
	struct progress progress;
	enum ctl result;

	progress_start(&progress, start);
	interrupt_says(c, path);
	for (;;) {
		result = cim_get_instance(c->cim, path, final);
		if (result == CTL_OK) {
			const struct xml *job = cim_instance(final->body);

			heard = now_ms();
			progress_show(&progress, job, heard);
			if (ended(job))
				break;
			cim_answer_fini(final);
		} else if (result != CTL_CONNECTION || now_ms() - heard > c->timeout_s * 1000ull) {
			/* A busy host may miss one answer; silence is over after the time for one answer. */
			progress_end(&progress);
			return control_fail_cim(c, result);
		}
		if (now_ms() - start > c->wait_s * 1000ull) {
			progress_end(&progress);
			signal(SIGINT, SIG_DFL);
			return control_fail(CTL_NO, "the job has not ended within %u s; it goes on", c->wait_s);
		}
		nanosleep(&(struct timespec){ .tv_nsec = POLL_MS * 1000000l }, NULL);
	}
	signal(SIGINT, SIG_DFL);
	progress_end(&progress);
	return CTL_OK;
}

static void add_text(struct text *t, const struct xml *job, const char *name, const char *otherwise)
{
	const char *value = cim_text(job, name);

	text_add_printable(t, value && *value ? value : otherwise);
}

static uint64_t sum(const struct xml *job, const char *name)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < cim_elements(job, name); i++)
		total += cim_element_number(job, name, i);
	return total;
}

static void add_headline(struct text *t, const struct xml *job)
{
	text_add(t, "job ");
	add_text(t, job, "InstanceID", "?");
	text_add(t, "  ");
	add_text(t, job, "VirtualSystemName", "?");
	text_add(t, cim_true(job, "Incoming") ? " <- " : " -> ");
	/* Hosts of before called the other one DestinationHost, whichever way it went. */
	add_text(t, job, cim_true(job, "Incoming") && cim_text(job, "SourceHost") ? "SourceHost" : "DestinationHost", "?");
	if (cim_number(job, "MigrationType", 0) > 2)
		text_add(t, "  (%s)", cim_number(job, "MigrationType", 0) == 3 ? "resume" : "restart");
	text_add(t, "  %s, ", state_text(cim_number(job, "JobState", 0)));
	add_text(t, job, "Phase", "no phase yet");
	text_add(t, ", %llu%%\n", (unsigned long long)cim_number(job, "PercentComplete", 0));
	if (progress_status(job)) {
		text_add(t, "  ");
		add_text(t, job, "JobStatus", "");
		text_add(t, "\n");
	}
	if (cim_text(job, "ErrorDescription") && *cim_text(job, "ErrorDescription")) {
		text_add(t, "  reason: ");
		add_text(t, job, "ErrorDescription", "");
		text_add(t, "\n");
	}
}

static void add_rounds(struct text *t, const struct xml *job)
{
	unsigned rounds = cim_elements(job, "RoundPages");

	if (rounds)
		text_add(t, "  round   pages    zero   dirty       bytes      from        to\n");
	for (unsigned i = 0; i < rounds; i++)
		text_add(t, "  %5u %7llu %7llu %7llu %11llu %7.2f s %7.2f s\n", i + 1,
			 (unsigned long long)cim_element_number(job, "RoundPages", i),
			 (unsigned long long)cim_element_number(job, "RoundZeroPages", i),
			 (unsigned long long)cim_element_number(job, "RoundDirtyPages", i),
			 (unsigned long long)cim_element_number(job, "RoundBytes", i),
			 (double)cim_element_number(job, "RoundStartMicroseconds", i) / 1e6,
			 (double)cim_element_number(job, "RoundEndMicroseconds", i) / 1e6);
}

static void add_terms(struct text *t, const struct xml *job)
{
	unsigned terms = cim_elements(job, "DowntimeTermNames");

	if (terms)
		text_add(t, "  downtime term              budget       real\n");
	for (unsigned i = 0; i < terms; i++) {
		struct text name = { 0 }, budget = { 0 }, real = { 0 };

		text_add_printable(&name, cim_element(job, "DowntimeTermNames", i));
		progress_time(&budget, cim_element_number(job, "DowntimeTermBudget", i));
		progress_time(&real, cim_element_number(job, "DowntimeTermReal", i));
		text_add(t, "  %-22.40s %10s %10s\n", name.data ? name.data : "", budget.data, real.data);
		text_free(&name);
		text_free(&budget);
		text_free(&real);
	}
}

static void add_summary(struct text *t, const struct xml *job)
{
	const char *source = cim_text(job, "MemoryHashSource"), *destination = cim_text(job, "MemoryHashDestination");

	text_add(t, "  %llu rounds, %llu pages, %llu zero pages, ", (unsigned long long)cim_number(job, "Rounds", 0),
		 (unsigned long long)sum(job, "RoundPages"), (unsigned long long)sum(job, "RoundZeroPages"));
	progress_bytes(t, cim_number(job, "BytesSent", 0));
	text_add(t, " sent for ");
	progress_bytes(t, cim_number(job, "NonZeroBytes", 0));
	text_add(t, " of non-zero memory\n");
	if (cim_number(job, "LinkReconnects", 0))
		text_add(t, "  the link was lost and came back %llu times\n",
			 (unsigned long long)cim_number(job, "LinkReconnects", 0));
	text_add(t, "  total ");
	progress_time(t, cim_number(job, "ElapsedMicroseconds", 0));
	text_add(t, ", downtime ");
	progress_time(t, cim_number(job, "DowntimeMicroseconds", 0));
	text_add(t, " (expected ");
	progress_time(t, cim_number(job, "ExpectedDowntimeMicroseconds", 0));
	text_add(t, ")\n");
	if (source && destination && *source && *destination) {
		text_add(t, "  memory hash ");
		text_add_printable(t, source);
		text_add(t, " at the source, ");
		text_add_printable(t, destination);
		text_add(t, " at the destination: %s\n", strcasecmp(source, destination) ? "DIFFERENT" : "equal");
	}
}

enum ctl job_print(const struct control *c, const struct xml *job)
{
	struct text t = { 0 };
	uint64_t state = cim_number(job, "JobState", 0);

	if (c->json) {
		json_instance(&t, job);
		text_add(&t, "\n");
	} else {
		add_headline(&t, job);
		add_rounds(&t, job);
		add_terms(&t, job);
		add_summary(&t, job);
	}
	fputs(t.data, stdout);
	text_free(&t);
	return state >= JOB_TERMINATED && state <= JOB_EXCEPTION ? CTL_NO : CTL_OK;
}

/* ID is a whole InstanceID or the number at its end. */
static bool is_called(const struct xml *job, const char *id)
{
	const char *full = cim_text(job, "InstanceID"), *local = full ? strpbrk(full, ":/") : NULL;

	if (!full || !strcmp(full, id))
		return full != NULL;
	for (; local; local = strpbrk(local + 1, ":/"))
		if (!strcmp(local + 1, id))
			return true;
	return false;
}

enum ctl job_find(struct control *c, const char *id, struct cim_answer *jobs, const struct xml **found)
{
	enum ctl result = cim_enumerate(c->cim, "Tern_MigrationJob", jobs);

	if (result != CTL_OK)
		return control_fail_cim(c, result);
	for (*found = cim_first(jobs); *found; *found = cim_after(*found))
		if (is_called(cim_instance(*found), id))
			return CTL_OK;
	cim_answer_fini(jobs);
	return control_fail(CTL_NO, "%s knows no job '%s' (jobs are forgotten five minutes after their end)",
			    cim_host(c->cim), id);
}

enum ctl job_show(struct control *c, char **argument, int arguments)
{
	struct cim_answer jobs, final;
	const struct xml *found;
	struct cim_path path;
	enum ctl result = job_find(c, argument[0], &jobs, &found);

	(void)arguments;
	if (result != CTL_OK)
		return result;
	if (!c->wait) {
		result = job_print(c, cim_instance(found));
	} else if (!cim_path_get(found, &path)) {
		result = control_fail(CTL_CONNECTION, "the path of the job can't be read");
	} else if ((result = job_wait(c, &path, &final)) == CTL_OK) {
		result = job_print(c, cim_instance(final.body));
		cim_answer_fini(&final);
	}
	cim_answer_fini(&jobs);
	return result;
}

enum ctl job_list(struct control *c, char **argument, int arguments)
{
	struct cim_answer jobs;
	struct text t = { 0 };
	enum ctl result = cim_enumerate(c->cim, "Tern_MigrationJob", &jobs);

	(void)argument, (void)arguments;
	if (result != CTL_OK)
		return control_fail_cim(c, result);
	text_add(&t, "%s", c->json ? "[" : "");
	for (const struct xml *n = cim_first(&jobs); n; n = cim_after(n)) {
		if (!c->json) {
			add_headline(&t, cim_instance(n));
			continue;
		}
		json_instance(&t, cim_instance(n));
		text_add(&t, "%s", cim_after(n) ? ",\n" : "");
	}
	text_add(&t, "%s", c->json ? "]\n" : cim_first(&jobs) ? "" : "no jobs\n");
	fputs(t.data, stdout);
	text_free(&t);
	cim_answer_fini(&jobs);
	return CTL_OK;
}

enum ctl job_cancel(struct control *c, char **argument, int arguments)
{
	const struct cim_argument terminate[] = { { "RequestedState", "uint16", "4", NULL, false }, { 0 } };
	struct cim_answer jobs, answer;
	const struct xml *found;
	struct cim_path path;
	enum ctl result = job_find(c, argument[0], &jobs, &found);

	(void)arguments;
	if (result != CTL_OK)
		return result;
	if (cim_path_get(found, &path))
		result = cim_invoke(c->cim, &path, "RequestStateChange", terminate, &answer);
	else
		result = CTL_CONNECTION;
	cim_answer_fini(&jobs);
	if (result != CTL_OK)
		return control_fail_cim(c, result);
	if (answer.return_value != 0 && answer.return_value != 4096)
		result = control_refused(&answer, "RequestStateChange");
	else if (c->json)
		printf("{\"return_value\": %lld}\n", (long long)answer.return_value);
	else
		puts("cancelled");
	cim_answer_fini(&answer);
	return result;
}
