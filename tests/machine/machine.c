/* SPDX-License-Identifier: MIT */
/* machine.c: stands where Tern's main loop stands (the linker's --wrap), and runs one of the programs of this folder. */
#include "tests/machine/machine.h"
#include <string.h>
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/time.h"
#include "host/host.h"
#include "hv/guest_mem.h"
#include "lib/log.h"

#define FIRST_PAGE	(4ull << 20 >> PAGE_SHIFT)	/* the guest's program and its tables lie below */
#define LONG_NS		10000000000ull

static const struct program {
	const char *name;
	void (*run)(struct machine_test *t, const char *words);
	bool alone;		/* without the guest, so that a host without VT-x will do */
} programs[] = {
	{ "debug", debug_run, false },
	{ "figures", figures_run, false },
	{ "lost", lost_run, false },
	{ "nmi", nmi_run, false },
	{ "pae", pae_run, false },
	{ "smash", smash_run, true },
};

void __wrap_services_run(void) __attribute__((noreturn));

void machine_slice(struct machine_test *t, uint64_t ns)
{
	cpu_sti_cli();	/* an interrupt that nobody takes would end every slice at once */
	vm_run_slice(t->vm, ns);
	if (t->vm->state != VM_RUNNING || t->vm->machine.request != MACHINE_RUN)
		panic("the guest stopped: %s %s", vm_state_name(t->vm->state), t->vm->why.text);
}

uint64_t machine_finish(struct machine_test *t)
{
	while (!t->vm->vcpu[0].halted)
		machine_slice(t, LONG_NS);
	return t->box->ticks;
}

void machine_order(struct machine_test *t, struct mailbox order)
{
	order.done = t->box->done;
	if (guest_write(t->vm, gpa(MAILBOX_GPA), &order, sizeof(order)) != ERR_OK)
		panic("the guest has no mailbox");
	t->vm->vcpu[0].halted = false;	/* it waits with interrupts off: nothing else would wake it */
}

static void start_guest(struct machine_test *t)
{
	if (t->vm->state != VM_RUNNING)
		panic("the guest does not run: %s", t->vm->why.text);
	t->guest = vm_guest(t->vm);
	t->box = (struct mailbox *)((char *)vm_chunk(t->vm, 0, true) + MAILBOX_GPA);
	machine_finish(t);
}

static void run_program(struct machine_test *t, const char *words)
{
	for (unsigned i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		size_t n = strlen(programs[i].name);

		if (!strncmp(words, programs[i].name, n) && strchr(" ;", words[n])) {
			if (!programs[i].alone && !t->guest)
				start_guest(t);
			programs[i].run(t, words + n);
			return;
		}
	}
	panic("cmdline: %s: no such program", words);
}

void __wrap_services_run(void)
{
	struct machine_test t = { .vm = &vms[0], .first_page = FIRST_PAGE };
	const char *words = host_info()->config->vm[0].cmdline;

	do {
		words += *words == ';';
		t.pages = (t.vm->memory_bytes >> PAGE_SHIFT) - FIRST_PAGE;
		run_program(&t, words);
		words = strchr(words, ';');
	} while (words);
	log_info("machine", "end");
	for (;;)
		irq_idle(time_ns() + LONG_NS);
}
