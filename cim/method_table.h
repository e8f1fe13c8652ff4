/* SPDX-License-Identifier: MIT */
/* method_table.h: the methods, as methods.c dispatches them. Each answers or fails the call and returns ERR_OK,
 * or returns ERR_AGAIN with call.check or call.starts set. */
#pragma once
#include "methods.h"

/* CIM_VirtualSystemMigrationService */
enum err method_check_to_host(struct call *c, struct obj target) NODISCARD;
enum err method_check_to_system(struct call *c, struct obj target) NODISCARD;
enum err method_migrate_to_host(struct call *c, struct obj target) NODISCARD;
enum err method_migrate_to_system(struct call *c, struct obj target) NODISCARD;
enum err method_check_poll(struct call *c) NODISCARD;
void method_check_drop(struct call *c);
/* Goes on with a start that waits: call.starts. */
enum err method_start_poll(struct call *c) NODISCARD;
/* CIM_EnabledLogicalElement of a virtual system; CIM_ConcreteJob */
enum err method_vm_state(struct call *c, struct obj target) NODISCARD;
enum err method_job_state(struct call *c, struct obj target) NODISCARD;
enum err method_job_error(struct call *c, struct obj target) NODISCARD;
enum err method_job_errors(struct call *c, struct obj target) NODISCARD;
/* What an operator may force, told the risk: Tern_MigrationJob, Tern_VirtualSystem, Tern_MigrationRecord. */
enum err method_job_force(struct call *c, struct obj target) NODISCARD;
enum err method_vm_reclaim(struct call *c, struct obj target) NODISCARD;
enum err method_record_drop(struct call *c, struct obj target) NODISCARD;
/* Return value 1. */
enum err method_unsupported(struct call *c, struct obj target) NODISCARD;
