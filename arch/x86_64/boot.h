/* SPDX-License-Identifier: MIT */
/* boot.h: what the UEFI phase hands to the rest of Tern, once boot services are gone. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/memory_map.h"
#include "config/config.h"

#define BOOT_FILES	16
#define BOOT_RUNTIME	192
#define BOOT_ZONE_NONE	0x7ff
#define BOOT_SEED	64	/* bytes */

/* Memory that the firmware's runtime services use; where two overlap the later one says more. */
struct boot_runtime { uint64_t start, bytes; bool writable, executable, mmio; };

/* A file of the boot volume, read before ExitBootServices. */
struct boot_file {
	char path[128];		/* as tern.conf names it */
	const void *data;	/* NULL: could not be read, why says it */
	uint64_t bytes;
	struct why why;
};

struct boot_info {
	struct memory_map memory;	/* of boot services too: touched only once the page tables are Tern's */
	uint64_t early, early_bytes;	/* Tern's own since before ExitBootServices: see early.h */
	uint64_t trampoline;		/* a page of Tern's own below 640 KiB for starting APs, 0 if none */
	uint64_t rsdp;			/* ACPI 2.0 RSDP, 0 if none */
	uint32_t apic_id[CPU_MAX];	/* of the enabled processors as the firmware or its MADT counts them */
	uint32_t processors, processors_more;	/* more: did not fit */
	uint64_t heap, heap_bytes;	/* for malloc */
	uint8_t seed[BOOT_SEED];	/* of the firmware's random numbers, where seeded */
	bool seeded;
	uint64_t wall_seconds;		/* firmware clock, seconds since 1970 UTC; 0: it gives no time */
	/* in which it told it: minutes behind UTC, BOOT_ZONE_NONE: it doesn't say, and is taken for UTC */
	int16_t wall_zone;
	struct config config;
	struct why_list mistakes;	/* of tern.conf; also when it is missing */
	struct boot_file file[BOOT_FILES];
	uint32_t files;
	uint64_t runtime_services;	/* EFI_RUNTIME_SERVICES, 0 if none */
	uint32_t runtime_supported;	/* bits of EFI_RT_PROPERTIES_TABLE; all ones without that table */
	struct boot_runtime runtime[BOOT_RUNTIME];
	uint32_t runtime_ranges, runtime_lost;	/* lost: did not fit */
};

/* The rest of Tern; runs on its own stack with interrupts off and the firmware's page tables. */
void tern_main(struct boot_info *boot) __attribute__((noreturn));
/* Switches to the boot CPU's stack and calls tern_main. */
void boot_enter(struct boot_info *boot) __attribute__((noreturn));
