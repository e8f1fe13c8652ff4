/* SPDX-License-Identifier: MIT */
/* progress.h: a migration job as one line, and the drawing of such lines on stderr. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "text.h"
#include "xml.h"

/* "ROUNDS [#####-----]  52%  round 2  1.9 MiB/s  3.2 MiB left  812 pages/s dirty  downtime about 120 ms". */
void progress_line(struct text *out, const struct xml *job);
/* The same in at most @columns (at least 40) characters: a shorter bar, and as many details, from the first on, as fit. */
void progress_fit(struct text *out, const struct xml *job, unsigned columns);
/* What JobStatus says beyond the phase (the link is lost), NULL if nothing. */
const char *progress_status(const struct xml *job);
/* "512 B", "1.9 MiB", "4.0 GiB". */
void progress_bytes(struct text *out, uint64_t bytes);
/* "850 us", "120 ms", "12.3 s". */
void progress_time(struct text *out, uint64_t us);

struct progress { bool terminal, drawn; char phase[32]; uint64_t shown_ms, started_ms; };

/* On a terminal the line is drawn over; elsewhere a new one is printed when the phase changes or 2 s have gone by. */
void progress_start(struct progress *p, uint64_t now_ms);
void progress_show(struct progress *p, const struct xml *job, uint64_t now_ms);
/* Leaves the last line standing. */
void progress_end(struct progress *p);
