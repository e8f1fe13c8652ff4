/* SPDX-License-Identifier: MIT */
#include "hv/vm_boot.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "hv/acpi/acpi_tables.h"
#include "hv/cpuid.h"
#include "hv/guest_mem.h"
#include "hv/linux.h"
#include "lib/fmt.h"

#define CR0_PE		(1ull << 0)
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define ACCESS_CODE64	0xa09bu
#define ACCESS_DATA	0xc093u
#define ACCESS_TSS	0x8bu

static enum err put_acpi_tables(struct vm *vm, gpa_t *rsdp, struct why *why)
{
	static uint8_t tables[MACHINE_ACPI_BYTES];	/* one VM is booted at a time */
	size_t length = 0;
	enum err e;

	memset(tables, 0, sizeof(tables));
	rsdp->v = acpi_tables_build(tables, sizeof(tables), MACHINE_ACPI_GPA, &vm->machine);
	length = sizeof(tables);
	if (!rsdp->v) {
		why_set(why, "the ACPI tables don't fit their %u KiB", (unsigned)(sizeof(tables) >> 10));
		return ERR_SPACE;
	}
	e = guest_write(vm, gpa(MACHINE_ACPI_GPA), tables, length);
	if (e != ERR_OK)
		why_set(why, "no memory for the ACPI tables");
	return e;
}

static void set_registers(struct vcpu_state *s, const struct linux_entry *entry)
{
	s->rip = entry->rip;
	s->gpr[GPR_RSI] = entry->rsi;
	s->gpr[GPR_RSP] = entry->rsp;
	s->rflags = 2;
	s->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
	s->cr3 = entry->cr3;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	s->gdtr_base = entry->gdt_base;
	s->gdtr_limit = entry->gdt_limit;
	for (unsigned i = 0; i < VCPU_SEGMENTS; i++) {
		s->segment_selector[i] = i == SEG_CS ? entry->cs : i < SEG_LDTR ? entry->ds : 0;
		s->segment_base[i] = 0;
		s->segment_limit[i] = i < SEG_LDTR ? 0xffffffff : i == SEG_TR ? 0x67 : 0;
		s->segment_access[i] = i == SEG_CS ? ACCESS_CODE64 : i < SEG_LDTR ? ACCESS_DATA :
				       i == SEG_TR ? ACCESS_TSS : VCPU_ACCESS_UNUSABLE;
	}
}

#define RESET_PAUSE_NS	1000000000ull	/* each costs the host a copy of kernel and initrd */

/* A guest that does nothing but start has no more of the host than one start a second. */
static void pause(struct vm *vm)
{
	uint64_t now = time_ns();

	vm->hold_until_ns = vm->reset_ns && now - vm->reset_ns < RESET_PAUSE_NS ? vm->reset_ns + RESET_PAUSE_NS : 0;
	vm->reset_ns = vm->hold_until_ns ? vm->hold_until_ns : now;
}

enum err vm_reset(struct vm *vm, const struct vm_boot *boot, struct why *why)
{
	/* The chips' time does not know what the guest wrote to its TSC, and goes on. */
	vm_clock_move(vm, -vm->vcpu[0].tsc_adjust);
	for (unsigned i = 0; i < vm->vcpus; i++)
		vcpu_reset(&vm->vcpu[i]);
	machine_reset(&vm->machine);
	vm->why.text[0] = 0;
	pause(vm);
	return vm_boot_linux(vm, boot, why);
}

/* Linux asks CPUID for the TSC's frequency on Intel's processors alone; elsewhere it counts reads of a chip, too few of
 * which fit where each is an exit. What the user says comes last, and counts. */
static const char *command_line(const struct vm *vm, const char *given)
{
	static char words[VM_CMDLINE + 32];

	if (cpuid_is_vendor(&vm->cpuid, "GenuineIntel"))
		return given;
	fmt(words, sizeof(words), "tsc_early_khz=%llu %s", (unsigned long long)vm->machine.tsc_khz, given);
	return words;
}

enum err vm_boot_linux(struct vm *vm, const struct vm_boot *boot, struct why *why)
{
	struct linux_load load = {
		.vm = vm,
		.kernel = boot->kernel,
		.initrd = boot->initrd,
		.cmdline = command_line(vm, boot->cmdline),
		.memory_bytes = vm->memory_bytes,
	};
	static struct vcpu_state state;
	struct linux_entry entry;
	enum err e = put_acpi_tables(vm, &load.rsdp, why);

	if (e == ERR_OK)
		e = linux_load(&load, &entry, why);
	if (e != ERR_OK)
		return e;
	vcpu_save(&vm->vcpu[0], &state);
	set_registers(&state, &entry);
	vcpu_restore(&vm->vcpu[0], &state);
	vm_clock_run(vm, 0);
	return ERR_OK;
}
