/* SPDX-License-Identifier: MIT */
/* vm_life.c: the life of a VM as one table. */
#include <stdarg.h>
#include "hv/vm.h"
#include "lib/fmt.h"
#include "lib/log.h"

#define NO VM_STATES

static const uint8_t next[VM_STATES][VM_EVENTS] = {
	/*		   DEFINE	START	    STOP	CRASH	    FREEZE     RESUME	   RELEASE  EXPECT
	   ARRIVE	     DISCARD	 PREPARE    FORGET */
	[VM_FREE] = { VM_DEFINED, NO, NO, NO, NO, NO, NO, VM_INCOMING, NO, NO, NO, NO },
	[VM_DEFINED] = { NO, VM_RUNNING, NO, VM_CRASHED, NO, NO, NO, NO, NO, NO, VM_FROZEN, VM_FREE },
	[VM_RUNNING] = { NO, NO, VM_STOPPED, VM_CRASHED, VM_FROZEN, NO, NO, NO, NO, NO, NO, NO },
	[VM_FROZEN] = { NO, NO, NO, NO, NO, VM_RUNNING, VM_FREE, NO, NO, VM_STOPPED, NO, NO },
	[VM_INCOMING] = { NO, NO, NO, NO, NO, NO, NO, NO, VM_RUNNING, VM_FREE, NO, NO },
	[VM_STOPPED] = { NO, VM_RUNNING, NO, NO, NO, NO, NO, NO, NO, NO, VM_FROZEN, VM_FREE },
	[VM_CRASHED] = { NO, VM_RUNNING, NO, NO, NO, NO, NO, NO, NO, NO, VM_FROZEN, VM_FREE },
};

static const char *const state_name[VM_STATES] = {
	"free", "defined", "running", "frozen", "incoming", "stopped", "crashed"
};
static const char *const event_name[VM_EVENTS] = { "define",  "start",  "stop",   "crash",   "freeze",  "resume",
						   "release", "expect", "arrive", "discard", "prepare", "forget" };

const char *vm_state_name(enum vm_state s)
{
	return s < VM_STATES ? state_name[s] : "?";
}

void vm_define(struct vm *vm, const char *cmdline, struct blob *kernel, struct blob *initrd)
{
	struct vm_definition *d = &vm->definition, old = *d;

	if (cmdline != d->cmdline)
		fmt(d->cmdline, sizeof(d->cmdline), "%s", cmdline);
	d->kernel = blob_use(kernel);
	d->initrd = blob_use(initrd);
	blob_drop(old.kernel);
	blob_drop(old.initrd);
}

bool vm_life_allows(const struct vm *vm, enum vm_event event)
{
	return next[vm->state][event] != NO;
}

bool vm_life(struct vm *vm, enum vm_event event)
{
	enum vm_state to = next[vm->state][event];

	if (to == NO) {
		log_error("vm", "%s: can't %s while %s", vm->name, event_name[event], state_name[vm->state]);
		return false;
	}
	log_info("vm", "%s: %s -> %s", vm->name, state_name[vm->state], state_name[to]);
	vm->state = to;
	if (to == VM_FREE)
		vm_define(vm, "", NULL, NULL);
	return true;
}

bool vm_forget(struct vm *vm, bool defined, uint64_t now_ns)
{
	if (vm->state != VM_STOPPED && vm->state != VM_CRASHED) {
		vm->ended_ns = 0;
		return false;
	}
	if (!vm->ended_ns)
		vm->ended_ns = now_ns ? now_ns : 1;
	if (defined || now_ns - vm->ended_ns < VM_KEEP_NS || !vm_life(vm, VM_EVENT_FORGET))
		return false;
	vm->ended_ns = 0;
	return true;
}

void vm_crash(struct vm *vm, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fmt_v(vm->why.text, sizeof(vm->why.text), format, args);
	va_end(args);
	log_error("vm", "%s crashed: %s", vm->name, vm->why.text);
	vm_life(vm, VM_EVENT_CRASH);
}
