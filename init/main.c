/* SPDX-License-Identifier: MIT */
/* main.c: the order in which Tern comes up, and the main loop. */
#include <string.h>
#include "arch/x86_64/apic.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/early.h"
#include "arch/x86_64/entropy.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/la57.h"
#include "arch/x86_64/mce.h"
#include "arch/x86_64/nmi.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/serial.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/stack_guard.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/vtd.h"
#include "host/autostart.h"
#include "host/host.h"
#include "host/store.h"
#include "host/vms.h"
#include "init/glibc.h"
#include "init/libc.h"
#include "init/services.h"
#include "lib/calendar.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/pages.h"
#include "lib/random.h"

static void wipe(void *secret, size_t bytes)
{
	memset(secret, 0, bytes);
	__asm__ volatile("" : : "r"(secret) : "memory");
}

/* Before anything asks for a number. The clocks only make boots differ where there is no generator. */
static void seed_random(struct boot_info *boot)
{
	uint64_t seed[ENTROPY_WORDS], clocks[2] = { time_tsc(), time_wall_seconds() };
	const char *source = entropy_cpu(seed);

	random_seed(clocks, sizeof(clocks), false);
	if (source)
		random_seed(seed, sizeof(seed), true);
	if (boot->seeded)
		random_seed(boot->seed, sizeof(boot->seed), true);
	wipe(seed, sizeof(seed));
	wipe(boot->seed, sizeof(boot->seed));
	if (random_is_strong())
		log_info("boot", "random numbers seeded by %s%s%s", source ? source : "",
			 source && boot->seeded ? " and " : "", boot->seeded ? "the firmware" : "");
	else
		log_warn("boot", "no RDSEED, no RDRAND, and no random numbers of the firmware here: ids and sequence "
			 "numbers of this host can be guessed");
}

static void tell_memory(const struct memory_map *m)
{
	for (unsigned i = 0; i < MEMORY_UNUSED_COUNT; i++)
		if (m->unused[i])
			log_write(i == MEMORY_LOW ? LOG_DEBUG : LOG_WARN, "boot", "%llu KiB of memory are not used: %s",
				  (unsigned long long)(m->unused[i] >> 10), memory_unused_text(i));
}

static void log_clock(const struct boot_info *boot)
{
	struct calendar c = calendar_from(boot->wall_seconds);
	char zone[60] = "; it names no time zone, so that is taken for UTC";

	if (!boot->wall_seconds) {
		log_warn("boot", "the firmware gives no time: this host's clock begins in 1970");
		return;
	}
	if (boot->wall_zone != BOOT_ZONE_NONE)
		fmt(zone, sizeof(zone), "; told in a time zone %d minutes behind", boot->wall_zone);
	log_info("boot", "the firmware's clock: %04u-%02u-%02u %02u:%02u:%02u UTC%s", c.year, c.month, c.day, c.hour,
		 c.minute, c.second, zone);
}

/* Until there are random numbers. */
static void start_cpu(struct boot_info *boot)
{
	log_set_sink(serial_write);
	early_init(boot->early, boot->early_bytes);
	intr_init();
	cpu_init(cpu_new(0, 0));
	paging_init(&boot->memory);
	if (la57_is_on()) {
		la57_leave(paging_cr3(), boot->trampoline);
		cpu_init(cpus[0]);
		log_info("boot", "the firmware's 5-level paging is off");
	}
	for (uint32_t i = 0; i < boot->memory.free_ranges; i++)
		pages_add(boot->memory.free[i].start, boot->memory.free[i].bytes);
	paging_map_runtime(boot);
	cpu_guard(cpus[0]);
	cpu_init_fpu();
	nmi_init();
	mce_init();
	time_init(boot->rsdp);
	time_set_wall(boot->wall_seconds);
	log_set_clock(time_ns);
	seed_random(boot);
}

static void start_machine(struct boot_info *boot)
{
	libc_init(boot->heap, boot->heap_bytes);
	glibc_init();
	apic_init(1);
	cpus[0]->apic_id = apic_id();
	apic_timer_init();
	irq_init();
	log_set_level(boot->config.log_level);
	log_info("boot", "Tern %s; TSC %u kHz, %llu MiB free", TERN_VERSION, time_tsc_khz(),
		 (unsigned long long)(pages_free_bytes() >> 20));
	tell_memory(&boot->memory);
	log_clock(boot);
	for (unsigned i = 0; i < boot->mistakes.count && i < WHY_MAX; i++)
		log_error("config", "%s", boot->mistakes.why[i].text);
	log_info("boot", "%u processors online", smp_start(boot));
	(void)vtd_off(boot->rsdp);
}

STACK_UNGUARDED void tern_main(struct boot_info *boot)
{
	start_cpu(boot);
	stack_guard_draw();
	start_machine(boot);
	host_init(boot);
	store_init(boot, host_info()->boot_id);
	services_init(&boot->config);
	time_refine();
	vms_init(boot);
	autostart_init(&boot->config);
	services_run();
}
