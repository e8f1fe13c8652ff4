/* SPDX-License-Identifier: MIT */
#include "host/autostart.h"
#include <string.h>
#include "host/moves.h"
#include "host/vms.h"
#include "lib/log.h"

#define LOOK_NS 100000000ull	/* between two looks at what the others have said */

static const struct config *config;
static bool waits[CONFIG_VMS], held[CONFIG_VMS];

static void start(const char *name)
{
	struct why why = { "" };

	if (vms_start(name, &why) != ERR_OK)
		log_warn("vm", "autostart of %s failed; the host goes on", name);
}

void autostart_init(const struct config *c)
{
	bool asks = moves_knows_peers();

	config = c;
	memset(waits, 0, sizeof(waits));
	memset(held, 0, sizeof(held));
	for (unsigned i = 0; i < c->vms; i++) {
		if (!c->vm[i].autostart)
			continue;
		/* What can't be started in any case needs no asking; what is away is held, and its start says so. */
		if (asks)
			waits[i] = true;
		else
			start(c->vm[i].name);
	}
}

bool autostart_waits(const struct vm *vm)
{
	for (unsigned i = 0; config && i < config->vms; i++)
		if (waits[i] && !strcmp(config->vm[i].name, vm->name))
			return true;
	return false;
}

/* Another host that wants to start it passes, or a hand-off that is not settled; what is lost, or can't be read, an
 * operator must decide. */
static void tell_held(struct vm *vm, const struct why *by)
{
	struct why why;

	why_set(&why, "not started by itself: %s", by->text);
	if (strcmp(why.text, vm->why.text))
		log_warn("vm", "%s is %s", vm->name, why.text);
	vm->why = why;
}

/* False: that is settled. */
static bool look(struct vm *vm, bool *was_held, uint64_t now_ns)
{
	struct why why = { "" };
	enum err e;

	/* Started by hand, or here from elsewhere meanwhile; or it left, which its record says. */
	if (vm->state != VM_DEFINED)
		return false;
	if (moves_vm_away(vm->uuid)) {
		start(vm->name);
		return false;
	}
	if (moves_vm_held(vm, &why)) {
		tell_held(vm, &why);
		return *was_held = true;
	}
	if (*was_held)
		vm->why = (struct why){ "" };
	*was_held = false;
	e = moves_vm_seek(vm, now_ns, &why);
	if (e == ERR_OK) {
		vm->why = (struct why){ "" };
		start(vm->name);
		return false;
	}
	if (why.text[0])
		why_set(&vm->why, "not started by itself: %s", why.text);
	return e == ERR_AGAIN;
}

void autostart_step(uint64_t now_ns, uint64_t *deadline_ns)
{
	bool any = false;

	for (unsigned i = 0; config && i < config->vms; i++) {
		struct vm *vm = waits[i] ? vm_find(config->vm[i].name) : NULL;

		waits[i] = vm && look(vm, &held[i], now_ns);
		any |= waits[i];
	}
	if (any && now_ns + LOOK_NS < *deadline_ns)
		*deadline_ns = now_ns + LOOK_NS;
}
