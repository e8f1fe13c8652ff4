/* SPDX-License-Identifier: MIT */
/* ternctl.c: the management host's command: options, and a table of commands. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control.h"

static const struct command {
	const char *name, *arguments, *about;
	int min, max;
	bool cim;
	enum ctl (*run)(struct control *c, char **argument, int arguments);
} command[] = {
	{ "list",    "[HOST]",      "the host and its virtual systems",            0, 1, true,  show_list },
	{ "show",    "[VM]",        "everything about a virtual system or the host", 0, 1, true,  show_one },
	{ "check",   "VM [DEST]",   "can it move there? if not, why",              1, 2, true,  move_check },
	{ "migrate", "VM [DEST]",   "move it while it runs",                       1, 2, true,  move_migrate },
	{ "job",     "ID",          "one migration job (--wait: until its end)",   1, 1, true,  job_show },
	{ "jobs",    "",            "all jobs the host remembers",                 0, 0, true,  job_list },
	{ "cancel",  "ID",          "stop a migration that has not committed",     1, 1, true,  job_cancel },
	{ "force",   "ID OUTCOME",  "settle a hand-off in doubt: resume, forget, run", 2, 2, true, force_outcome },
	{ "reclaim", "VM",          "let one that moved away be started here again", 1, 1, true, force_reclaim },
	{ "records", "",            "what is kept of hand-offs (--drop ID: no longer)", 0, 0, true, record_list },
	{ "start",   "VM",          "power on",                                    1, 1, true,  power_start },
	{ "stop",    "VM",          "power off",                                   1, 1, true,  power_stop },
	{ "console", "VM",          "its serial console; Ctrl-] leaves",           1, 1, false, console_follow },
};

enum { OPT_JSON = 256, OPT_TIMEOUT, OPT_WAIT, OPT_WAIT_LIMIT, OPT_TO_SYSTEM, OPT_TYPE, OPT_VERIFY, OPT_BANDWIDTH,
       OPT_MAX_DOWNTIME, OPT_WHEN_STUCK, OPT_PRIORITY,
       OPT_CONSOLE_PORT, OPT_ACCEPT_RISK, OPT_DROP };

static const struct option option[] = {
	{ "host",         required_argument, NULL, 'H' },
	{ "json",         no_argument,       NULL, OPT_JSON },
	{ "timeout",      required_argument, NULL, OPT_TIMEOUT },
	{ "wait",         no_argument,       NULL, OPT_WAIT },
	{ "wait-limit",   required_argument, NULL, OPT_WAIT_LIMIT },
	{ "to-system",    required_argument, NULL, OPT_TO_SYSTEM },
	{ "type",         required_argument, NULL, OPT_TYPE },
	{ "verify",       required_argument, NULL, OPT_VERIFY },
	{ "bandwidth",    required_argument, NULL, OPT_BANDWIDTH },
	{ "max-downtime", required_argument, NULL, OPT_MAX_DOWNTIME },
	{ "when-stuck",   required_argument, NULL, OPT_WHEN_STUCK },
	{ "priority",     required_argument, NULL, OPT_PRIORITY },
	{ "console-port", required_argument, NULL, OPT_CONSOLE_PORT },
	{ "accept-risk",  no_argument,       NULL, OPT_ACCEPT_RISK },
	{ "drop",         required_argument, NULL, OPT_DROP },
	{ "help",         no_argument,       NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
	fputs("usage: ternctl [-H HOST[:PORT]] [OPTION]... COMMAND [ARGUMENT]...\n\n", out);
	for (const struct command *k = command; k < command + sizeof(command) / sizeof(command[0]); k++)
		fprintf(out, "  %-8s %-10s  %s\n", k->name, k->arguments, k->about);
	fputs("\n  -H, --host HOST[:PORT]  the Tern host to ask (or the variable TERN_HOST); port 5988 if not said\n"
	      "  --to-system NAME        check, migrate: destination by the name of its system, in place of DEST\n"
	      "  --wait                  migrate, job: draw progress until the job ends, then sum it up\n"
	      "  --wait-limit SECONDS    give up waiting (the job goes on); 900 if not said\n"
	      "  --type live|resume|restart  check, migrate: on the way it runs on, stands still, or is off\n"
	      "  --verify off|full       migrate: compare a hash of all memory at the hand-off\n"
	      "  --bandwidth PERCENT     migrate: share of the migration bandwidth\n"
	      "  --max-downtime MS       migrate: the longest stop that is allowed\n"
	      "  --when-stuck stop|fail|throttle\n"
	      "                          migrate: if the guest writes too fast: stop it at the best point, give up, slow it down\n"
	      "  --priority N            migrate: of those that wait for their turn the smallest goes first; 0 if not said\n"
	      "  --drop ID               records: drop the one of that number, told the risk\n"
	      "  --accept-risk           force, reclaim, records --drop: do it; without, they only say what it would risk\n"
	      "  --timeout SECONDS       for one answer; 30 if not said\n"
	      "  --console-port PORT     5990 if not said\n"
	      "  --json                  for programs; progress then still goes to stderr\n\n"
	      "exit: 0 done, 1 refused or failed or not migratable, 2 usage, 3 no connection or no CIM answer\n", out);
}

/* False with a sentence printed if @text is no number from 1 to @max. */
static bool number(const char *name, const char *text, unsigned max, unsigned *out)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < 1 || value > max) {
		control_fail(CTL_USAGE, "--%s %s: expected a number from 1 to %u", name, text, max);
		return false;
	}
	*out = (unsigned)value;
	return true;
}

/* By value of MigrationType. */
static const char *const move_types[] = { [2] = "live", [3] = "resume", [4] = "restart" };

/* By value of WhenStuck. */
static const char *const stuck_ways[] = { [1] = "stop", "fail", "throttle" };

static bool option_take(struct control *c, int o)
{
	switch (o) {
	case 'H': c->server = optarg; return true;
	case OPT_JSON: return c->json = true;
	case OPT_WAIT: return c->wait = true;
	case OPT_ACCEPT_RISK: return c->accept_risk = true;
	case OPT_TIMEOUT: return number("timeout", optarg, 3600, &c->timeout_s);
	case OPT_WAIT_LIMIT: return number("wait-limit", optarg, 86400, &c->wait_s);
	case OPT_BANDWIDTH: return number("bandwidth", optarg, 100, &c->bandwidth_percent);
	case OPT_MAX_DOWNTIME: return number("max-downtime", optarg, 600000, &c->max_downtime_ms);
	case OPT_PRIORITY: return number("priority", optarg, 65535, &c->priority);
	case OPT_WHEN_STUCK:
		for (c->when_stuck = 1; c->when_stuck < 4; c->when_stuck++)
			if (!strcmp(optarg, stuck_ways[c->when_stuck]))
				return true;
		control_fail(CTL_USAGE, "--when-stuck %s: expected stop, fail or throttle", optarg);
		return false;
	case OPT_CONSOLE_PORT: return number("console-port", optarg, 65535, &c->console_port);
	case OPT_DROP: c->drop = optarg; return true;
	case OPT_TO_SYSTEM: c->to_system = optarg; return true;
	case OPT_TYPE:
		for (c->type = 2; c->type < 5; c->type++)
			if (!strcmp(optarg, move_types[c->type]))
				return true;
		control_fail(CTL_USAGE, "--type %s: expected live, resume or restart", optarg);
		return false;
	case OPT_VERIFY:
		c->verify = optarg;
		if (!strcmp(optarg, "off") || !strcmp(optarg, "full"))
			return true;
		control_fail(CTL_USAGE, "--verify %s: expected off or full", optarg);
		return false;
	default:	/* getopt has said what is wrong */
		control_fail(CTL_USAGE, "ternctl --help names the options");
		return false;
	}
}

static const struct command *find(const char *name)
{
	for (const struct command *k = command; k < command + sizeof(command) / sizeof(command[0]); k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

int main(int argc, char **argv)
{
	struct control c = { .server = getenv("TERN_HOST"), .timeout_s = 30, .wait_s = 900, .console_port = 5990 };
	const struct command *k;
	char why[CIM_WHY];
	enum ctl result;
	int o;

	for (int n = 1; n < argc && strcmp(argv[n], "--"); n++)
		if (!strcmp(argv[n], "--json"))
			control_json();
	while ((o = getopt_long(argc, argv, "H:h", option, NULL)) != -1) {
		if (o == 'h') {
			usage(stdout);
			return CTL_OK;
		}
		if (!option_take(&c, o))
			return CTL_USAGE;
	}
	argv += optind;
	argc -= optind;
	if (!argc) {
		usage(stderr);
		return control_fail(CTL_USAGE, "which command?");
	}
	k = find(argv[0]);
	if (!k)
		return control_fail(CTL_USAGE, "'%s' is no command; ternctl --help names them", argv[0]);
	if (argc - 1 < k->min || argc - 1 > k->max)
		return control_fail(CTL_USAGE, "usage: ternctl -H HOST %s %s", k->name, k->arguments);
	if (k->run == show_list && argc == 2)
		c.server = argv[1];
	if (!c.server || !*c.server)
		return control_fail(CTL_USAGE, "which host? -H HOST[:PORT], or set TERN_HOST");
	if (k->cim && !(c.cim = cim_open(c.server, c.timeout_s, why)))
		return control_fail(CTL_USAGE, "%s", why);
	result = k->run(&c, argv + 1, argc - 1);
	cim_close(c.cim);
	return result;
}
