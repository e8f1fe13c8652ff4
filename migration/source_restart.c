/* SPDX-License-Identifier: MIT */
/* source_restart.c: MigrationType Restart: the guest powers off, and its machine moves as it is at power-on. */
#include "source_parts.h"
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"

void source_quiet(struct mig_source *s, uint64_t now_ns)
{
	uint32_t wait_ms = s->core->host.shutdown_wait_ms;

	if (source_images_wait(s, now_ns))
		return;
	s->quiet_end_ns = now_ns + (wait_ms ? wait_ms : MIG_SHUTDOWN_WAIT_MS) * 1000000ull;
	s->was_off = s->guest->ops->is_off(s->guest);
	source_go(s, MIG_AT_QUIET, MIG_PHASE_SHUTDOWN, UINT64_MAX, now_ns);
	if (!s->was_off)
		s->guest->ops->power_button(s->guest);
}

static enum err prepare(struct mig_source *s)
{
	enum err e = s->guest->ops->prepare(s->guest, &s->why);

	if (e)
		s->job->error_code = (uint16_t)e;
	s->prepared = !e;
	return e;
}

/* The attempt failed while the guest was being powered off: if it did power off, it starts again here. */
static void end_given_up(struct mig_source *s, bool off, uint64_t now_ns)
{
	enum handoff_event event = s->given_up;
	struct why why = s->why, more = { "" };

	if (off && !s->was_off) {
		if (prepare(s))
			why_set(&more, "; it is off, and does not start again: %s", s->why.text);
		else
			s->guest->ops->resume(s->guest);
		if (s->prepared)
			why_set(&more, "; it was started again here");
	}
	why_set(&s->why, "%s%s", why.text, more.text);
	s->place = MIG_AT_DRY_REPORT;
	source_event(s, event, now_ns);
}

bool source_quiet_event(struct mig_source *s, enum handoff_event event, uint64_t now_ns)
{
	struct mig_abort text;

	if (s->place != MIG_AT_QUIET)
		return false;
	/* Nobody can take the power button back: what the guest makes of it is awaited. */
	mig_abort_set(&text, s->why.text, event == HE_CANCEL);
	if (mig_stream_open(&s->stream) && !mig_stream_put(&s->stream, MIG_ABORT, &text) &&
	    mig_stream_flush(&s->stream, now_ns, NULL))
		log_debug("mig", "job %u: ABORT did not go out whole", s->job->id);
	mig_stream_fini(&s->stream, false);
	s->given_up = event;
	fmt(s->job->error, sizeof(s->job->error), "%s", s->why.text);
	return true;
}

void source_quiet_step(struct mig_source *s, uint64_t now_ns)
{
	bool off = s->guest->ops->is_off(s->guest);
	enum err e;

	if (!off && now_ns < s->quiet_end_ns)
		return;
	if (s->given_up) {
		end_given_up(s, off, now_ns);
		return;
	}
	if (!off)
		log_warn("mig", "job %u: %s did not power off in time and is switched off", s->job->id, s->job->vm);
	s->stop_ns = mig_core_clock(s->core);
	e = prepare(s);
	s->place = MIG_AT_DRY_REPORT;
	if (e)
		source_fail(s, now_ns, e, "%s is off, and can't be started anew: %s", s->def.name, s->why.text);
	else
		source_event(s, HE_STOP, now_ns);
}

void source_resume(struct mig_source *s)
{
	struct why why = s->why;

	if (s->was_off) {
		s->guest->ops->discard(s->guest);
		log_info("mig", "job %u: %s stays off", s->job->id, s->job->vm);
		return;
	}
	s->guest->ops->resume(s->guest);
	s->job->downtime_ns = mig_core_clock(s->core) - s->stop_ns;
	log_info("mig", "job %u: %s %s here", s->job->id, s->job->vm, s->prepared ? "starts again" : "runs on");
	if (s->prepared)
		why_set(&s->why, "%s; it was started again here", why.text);
}
