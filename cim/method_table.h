/* SPDX-License-Identifier: MIT */
/* method_table.h: the methods, as methods.c dispatches them. */
#pragma once
#include "methods.h"

struct method {
	const struct provider *provider;
	const char *name;
	/* ERR_OK: the call has been answered or failed. ERR_AGAIN, only with a poll: it waits, as call.context says. */
	enum err (*run)(struct call *c, struct obj target);
	enum err (*poll)(struct call *c);	/* goes on: as run */
	void (*drop)(struct call *c);		/* nobody waits any more; NULL: then there is nothing to give up */
};

/* CIM_VirtualSystemMigrationService */
enum err method_check(struct call *c, struct obj target) NODISCARD;
enum err method_check_poll(struct call *c) NODISCARD;
void method_check_drop(struct call *c);
enum err method_migrate(struct call *c, struct obj target) NODISCARD;
/* CIM_EnabledLogicalElement of a virtual system; CIM_ConcreteJob */
enum err method_vm_state(struct call *c, struct obj target) NODISCARD;
enum err method_vm_state_poll(struct call *c) NODISCARD;
enum err method_job_state(struct call *c, struct obj target) NODISCARD;
enum err method_job_error(struct call *c, struct obj target) NODISCARD;
/* What an operator may force, told the risk: Tern_MigrationJob, Tern_VirtualSystem, Tern_MigrationRecord. */
enum err method_job_force(struct call *c, struct obj target) NODISCARD;
enum err method_vm_reclaim(struct call *c, struct obj target) NODISCARD;
enum err method_record_drop(struct call *c, struct obj target) NODISCARD;
/* Return value 1. */
enum err method_unsupported(struct call *c, struct obj target) NODISCARD;
