/* SPDX-License-Identifier: MIT */
/* progress.c: progress of a migration for a person. */
#include "progress.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cim.h"

#define BAR_WIDTH	30
#define BAR_NARROW	10
#define LINE_MS		2000

void progress_bytes(struct text *out, uint64_t bytes)
{
	static const char *const unit[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes / 1024;
	unsigned i = 0;

	if (bytes < 1024) {
		text_add(out, "%llu B", (unsigned long long)bytes);
		return;
	}
	for (; value >= 1000 && i < 3; i++)
		value /= 1024;
	text_add(out, "%.1f %s", value, unit[i]);
}

void progress_time(struct text *out, uint64_t us)
{
	if (us < 1000)
		text_add(out, "%llu us", (unsigned long long)us);
	else if (us < 10000)
		text_add(out, "%.1f ms", (double)us / 1e3);
	else if (us < 1000000)
		text_add(out, "%llu ms", (unsigned long long)(us + 500) / 1000);
	else
		text_add(out, "%.1f s", (double)us / 1e6);
}

const char *progress_status(const struct xml *job)
{
	const char *phase = cim_text(job, "Phase"), *status = cim_text(job, "JobStatus");

	return phase && status && *status && strcmp(phase, status) ? status : NULL;
}

/* Phase, a bar of @width and percent. */
static void head(struct text *out, const struct xml *job, unsigned width)
{
	const char *phase = cim_text(job, "Phase");
	uint64_t percent = cim_number(job, "PercentComplete", 0);
	struct text name = { 0 };

	if (percent > 100)
		percent = 100;
	text_add_printable(&name, phase ? phase : "");
	text_add(out, "%-8.20s [", name.data ? name.data : "");
	text_free(&name);
	for (unsigned i = 0; i < width; i++)
		text_add_bytes(out, i < percent * width / 100 ? "#" : "-", 1);
	text_add(out, "] %3llu%%", (unsigned long long)percent);
}

#define DETAILS 5

/* What follows, by importance; an empty one is not said. */
static void details(struct text out[DETAILS], const struct xml *job)
{
	uint64_t rounds = cim_number(job, "Rounds", 0), downtime = cim_number(job, "DowntimeMicroseconds", 0);

	if (rounds)
		text_add(&out[0], "  round %llu", (unsigned long long)rounds);
	if (progress_status(job)) {
		text_add(&out[1], "  ");
		text_add_printable(&out[1], progress_status(job));
		return;
	}
	text_add(&out[1], "  ");
	progress_bytes(&out[1], cim_number(job, "BytesPerSecond", 0));
	text_add(&out[1], "/s");
	text_add(&out[2], "  ");
	progress_bytes(&out[2], cim_number(job, "BytesLeft", 0));
	text_add(&out[2], " left");
	text_add(&out[3], "  %llu pages/s dirty", (unsigned long long)cim_number(job, "DirtyPagesPerSecond", 0));
	text_add(&out[4], "  downtime %s", downtime ? "" : "about ");
	progress_time(&out[4], downtime ? downtime : cim_number(job, "ExpectedDowntimeMicroseconds", 0));
}

void progress_fit(struct text *out, const struct xml *job, unsigned columns)
{
	struct text detail[DETAILS] = { 0 };
	size_t start = out->length, all = 0, room;

	details(detail, job);
	for (unsigned n = 0; n < DETAILS; n++)
		all += detail[n].length;
	head(out, job, BAR_WIDTH);
	if (out->length - start + all > columns) {
		out->length = start;
		head(out, job, BAR_NARROW);
	}
	for (unsigned n = 0; n < DETAILS; n++) {
		room = columns - (out->length - start < columns ? out->length - start : columns);
		/* A sentence is cut, not in the middle of a character; a figure is left out with those after it. */
		if (detail[n].length > room && n == 1 && progress_status(job)) {
			while (room && (detail[n].data[room] & 0xc0) == 0x80)
				room--;
			text_add_bytes(out, detail[n].data, room);
		} else if (detail[n].length <= room) {
			text_add_bytes(out, detail[n].data ? detail[n].data : "", detail[n].length);
			continue;
		}
		break;
	}
	for (unsigned n = 0; n < DETAILS; n++)
		text_free(&detail[n]);
}

void progress_line(struct text *out, const struct xml *job)
{
	progress_fit(out, job, UINT_MAX);
}

/* Of the terminal; one column stays free, or it would scroll. */
static unsigned columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col - 1u : 79;
}

void progress_start(struct progress *p, uint64_t now_ms)
{
	*p = (struct progress){ .terminal = isatty(STDERR_FILENO), .started_ms = now_ms };
}

void progress_show(struct progress *p, const struct xml *job, uint64_t now_ms)
{
	const char *phase = cim_text(job, "Phase");
	bool same = phase && !strncmp(phase, p->phase, sizeof(p->phase) - 1);
	struct text t = { 0 };

	if (!p->terminal && p->drawn && same && now_ms - p->shown_ms < LINE_MS)
		return;
	text_add(&t, "%5.1f s  ", (double)(now_ms - p->started_ms) / 1e3);
	progress_fit(&t, job, p->terminal ? columns() - (unsigned)t.length : UINT_MAX);
	/* Erase the rest of a longer line that stood here. */
	fprintf(stderr, p->terminal ? "\r%s\033[K" : "%s\n", t.data);
	fflush(stderr);
	text_free(&t);
	snprintf(p->phase, sizeof(p->phase), "%s", phase ? phase : "");
	p->shown_ms = now_ms;
	p->drawn = true;
}

void progress_end(struct progress *p)
{
	if (p->terminal && p->drawn)
		fputc('\n', stderr);
}
