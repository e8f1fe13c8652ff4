/* SPDX-License-Identifier: MIT */
/* control.h: ternctl's commands and what they share. */
#pragma once
#include <stdbool.h>
#include "cim.h"

struct control {
	const char *server;		/* HOST[:PORT] as given */
	bool json, wait, accept_risk;
	unsigned timeout_s;		/* for one answer */
	unsigned wait_s;		/* for the end of a migration */
	unsigned console_port;
	unsigned bandwidth_percent;	/* 0 = the host's default */
	unsigned type;			/* MigrationType, 0 = the host's default */
	unsigned max_downtime_ms;	/* 0 = the host's default */
	unsigned when_stuck;		/* WhenStuck, 0 = the host's default */
	unsigned priority;
	const char *verify;		/* NULL, "off" or "full" */
	const char *drop;		/* records: NULL, or the number of one */
	const char *to_system;		/* NULL, or name of the destination system */
	struct cim *cim;		/* NULL for commands that don't speak CIM */
};

/* Commands; @argument holds what stood after the command's name. Each prints its own errors. */
enum ctl show_list(struct control *c, char **argument, int arguments);
enum ctl show_one(struct control *c, char **argument, int arguments);
enum ctl move_check(struct control *c, char **argument, int arguments);
enum ctl move_migrate(struct control *c, char **argument, int arguments);
enum ctl job_show(struct control *c, char **argument, int arguments);
enum ctl job_list(struct control *c, char **argument, int arguments);
enum ctl job_cancel(struct control *c, char **argument, int arguments);
enum ctl force_outcome(struct control *c, char **argument, int arguments);
enum ctl force_reclaim(struct control *c, char **argument, int arguments);
enum ctl record_list(struct control *c, char **argument, int arguments);
enum ctl power_start(struct control *c, char **argument, int arguments);
enum ctl power_stop(struct control *c, char **argument, int arguments);
enum ctl console_follow(struct control *c, char **argument, int arguments);

/* From here on failures are said as JSON too, once, on standard output: {"error": "...", "exit": 1}. */
void control_json(void);
/* Prints "ternctl: ..." on stderr and returns @result. */
__attribute__((format(printf, 2, 3)))
enum ctl control_fail(enum ctl result, const char *format, ...);
/* control_fail with the sentence of the newest CIM operation. */
enum ctl control_fail_cim(const struct control *c, enum ctl result);
/* The method returned another value than success: says why (out parameter Reasons), then what the value means. */
enum ctl control_refused(const struct cim_answer *a, const char *method);

/* Finds the virtual system @name by enumerating; @path and *instance live as long as @holder. */
enum ctl control_find_vm(struct control *c, const char *name, struct cim_answer *holder,
			 struct cim_path *path, const struct xml **instance);
/* Finds the job @id among the host's; *found is its named instance and lives as long as @jobs, to be finished after CTL_OK. */
enum ctl job_find(struct control *c, const char *id, struct cim_answer *jobs, const struct xml **found);
/* Waits for the job at @path to end, drawing progress on stderr; *final is its last answer. */
enum ctl job_wait(struct control *c, const struct cim_path *path, struct cim_answer *final);
/* Invokes @method, which an operator is told the risk of, with AcceptRisk as the command line says and Outcome, if there is one; prints @done. */
enum ctl force_invoke(struct control *c, const struct cim_path *path, const char *method, const char *outcome, const char *done);
/* Prints a migration job for a person or, with --json, as JSON; CTL_NO if it failed. */
enum ctl job_print(const struct control *c, const struct xml *job);

/* An INSTANCE as a JSON object: numbers, booleans, arrays and null as their types say. */
void json_instance(struct text *out, const struct xml *instance);
/* The elements of array @name of @node as a JSON array of strings. */
void json_strings(struct text *out, const struct xml *node, const char *name);
