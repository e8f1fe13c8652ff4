/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/smp.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/x86_64/apic.h"
#include "arch/x86_64/early.h"
#include "arch/x86_64/firmware.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/mce.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/time.h"

/* The page that APs wake in is the target's, assembled here. */
__asm__(".include \"arch/x86_64/trampoline.S\"\n.bss\n.globl boot_stack_guard\nboot_stack_guard: .skip 16\n.text\n.code64");
extern char trampoline_start[], trampoline_end[], trampoline_data[];

#define PAGE 0x90000ull
#define NEVER UINT64_MAX
#define MS 1000000ull
#define APS 40

/* An AP: how long after its first SIPI it claims its slot, and after that comes online. */
static struct ap {
	uint64_t claims_ns, online_ns, woken, claimed_at;
	unsigned inits, sipis;
	bool deaf_to_init;	/* an INIT reaches it too late */
	bool parked, online;
	struct smp_slot *slot;
	uint32_t works_ms, busy_ms;
} ap[APS];

static struct boot_info boot;
static uint64_t now, changed_after_sipi;
static char seen_page[4096];
static bool sipi_sent;
static int executable;
static void *early;

/* What an AP does in the trampoline, with what it finds in the page. */
static void claim(uint32_t id)
{
	uint64_t data[4];
	struct smp_slot *s;

	cr_assert(executable, "an AP runs in a page that is not executable: a triple fault");
	memcpy(data, (char *)PAGE + (trampoline_data - trampoline_start), sizeof(data));
	s = (struct smp_slot *)data[1];
	for (uint64_t i = 0; i < data[3]; i++)
		if (s[i].apic_id == id) {
			uint32_t from = SMP_WAITING;

			if (__atomic_compare_exchange_n(&s[i].state, &from, SMP_CLAIMED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				ap[id].slot = &s[i];
			else
				ap[id].parked = true;
			return;
		}
	ap[id].parked = true;
}

static void tick(void)
{
	now += MS / 2;
	for (uint32_t i = 0; i < APS; i++) {
		struct ap *a = &ap[i];

		if (a->woken && !a->slot && !a->parked && a->claims_ns != NEVER && now >= a->woken + a->claims_ns) {
			claim(i);
			a->claimed_at = now;
		}
		if (a->slot && !a->online && !a->parked && a->online_ns != NEVER && now >= a->claimed_at + a->online_ns) {
			a->online = smp_come_online(a->slot);
			a->parked = !a->online;
		}
		if (a->busy_ms && !--a->busy_ms)
			smp_work(a->slot->cpu);
	}
	if (sipi_sent)
		changed_after_sipi += memcmp(seen_page, (void *)PAGE, sizeof(seen_page)) != 0;
}

/* Whoever waits looks at the clock. */
uint64_t time_ns(void)
{
	tick();
	return now;
}

void time_delay_us(uint32_t us)
{
	for (uint64_t until = now + us * 1000ull; now < until; )
		tick();
}

uint32_t apic_id(void)
{
	return 0;
}

void apic_send_init(uint32_t id)
{
	ap[id].inits++;
	if (!ap[id].deaf_to_init && !ap[id].slot)
		ap[id].woken = 0;
}

void apic_send_startup(uint32_t id, uint8_t page)
{
	cr_assert_eq(page, PAGE >> 12);
	ap[id].sipis++;
	if (!ap[id].woken)
		ap[id].woken = now + 1;
	if (!sipi_sent)
		memcpy(seen_page, (void *)PAGE, sizeof(seen_page));
	sipi_sent = true;
}

void apic_send_fixed(uint32_t id, uint8_t vector)
{
	cr_assert_eq(vector, VECTOR_IPI);
	ap[id].busy_ms = ap[id].works_ms ? 2 * ap[id].works_ms : 1;
}

void apic_init(int boot_cpu)
{
	(void)boot_cpu;
}

void mce_init(void)
{
}

void intr_load_idt(void)
{
}

void paging_load(void)
{
}

uint64_t paging_cr3(void)
{
	return 0x1000;
}

void paging_set_executable(uint64_t page, int on)
{
	cr_assert_eq(page, PAGE);
	executable = on;
}

static uint64_t guards[4 * APS];
static unsigned guard_count;

void paging_guard(uint64_t page)
{
	cr_assert(!sipi_sent, "a CPU may run that has the page in its TLB");
	guards[guard_count++] = page;
}

uint64_t firmware_stack_guard(void)
{
	return 0x5000;
}

static void setup(unsigned processors)
{
	uint64_t bytes = smp_early_bytes(processors);

	cr_assert_neq(mmap((void *)PAGE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), MAP_FAILED);
	free(early);
	early = aligned_alloc(4096, (bytes + 4095) & ~4095ull);
	early_init((uint64_t)early, bytes);
	boot = (struct boot_info){ .trampoline = PAGE, .processors = processors };
	for (uint32_t i = 0; i < processors; i++)
		boot.apic_id[i] = i;
	cr_assert(cpu_new(0, 0));
	for (uint32_t i = 0; i < APS; i++)
		ap[i] = (struct ap){ .claims_ns = MS, .online_ns = MS };
}

static void expect_own_things(void)
{
	for (uint32_t i = 1; i < APS; i++)
		for (uint32_t k = 1; k < i; k++)
			if (ap[i].slot && ap[k].slot) {
				cr_assert_neq(ap[i].slot, ap[k].slot);
				cr_assert_neq(ap[i].slot->stack_top, ap[k].slot->stack_top);
				cr_assert_neq(ap[i].slot->cpu->index, ap[k].slot->cpu->index);
			}
	cr_assert_eq(changed_after_sipi, 0, "the page changed while APs may be in it");
}

Test(smp, all_start_each_on_its_own_stack_with_its_own_number)
{
	setup(32);
	cr_assert_eq(smp_start(&boot), 32);
	cr_assert_eq(cpu_count, 32);
	for (uint32_t i = 1; i < 32; i++) {
		cr_assert(ap[i].online);
		cr_assert_eq(ap[i].sipis, 1);
		cr_assert_eq(cpus[ap[i].slot->cpu->index]->apic_id, i);
		cr_assert_eq(cpus[ap[i].slot->cpu->index]->online, 1);
	}
	cr_assert_eq(ap[0].inits + ap[0].sipis, 0, "the boot CPU is not restarted");
	cr_assert_eq(executable, 0);
	expect_own_things();
}

Test(smp, a_second_sipi_goes_only_to_those_who_did_not_wake)
{
	setup(3);
	ap[2].claims_ns = 15 * MS;
	cr_assert_eq(smp_start(&boot), 3);
	cr_assert_eq(ap[1].sipis, 1);
	cr_assert_eq(ap[2].sipis, 2);
}

Test(smp, one_that_never_wakes_is_sent_back_and_left_out)
{
	setup(4);
	ap[2].claims_ns = NEVER;
	cr_assert_eq(smp_start(&boot), 3);
	cr_assert_eq(ap[2].inits, 2);
	cr_assert(!ap[2].slot);
	cr_assert_eq(smp_on_others(intr_load_idt), 0, "and is not asked to work");
}

Test(smp, one_that_wakes_after_it_was_given_up_gets_nothing)
{
	setup(8);
	ap[3].claims_ns = 5000 * MS;
	ap[3].deaf_to_init = true;
	cr_assert_eq(smp_start(&boot), 7);
	executable = 1;		/* it may yet wake before the INIT comes to it */
	for (unsigned i = 0; i < 20000; i++)
		tick();
	cr_assert(ap[3].parked);
	cr_assert(!ap[3].slot);
	expect_own_things();
}

/* Slow ones on a busy machine: as long as some come, the others are waited for. */
Test(smp, slow_ones_are_waited_for_while_some_come)
{
	setup(16);
	for (uint32_t i = 1; i < 16; i++)
		ap[i].claims_ns = i * 400 * MS;
	cr_assert_eq(smp_start(&boot), 16);
	expect_own_things();
}

Test(smp, one_that_begins_and_does_not_come_online_keeps_its_own_and_stops)
{
	setup(8);
	ap[5].online_ns = 4000 * MS;
	cr_assert_eq(smp_start(&boot), 7);
	cr_assert_eq(executable, 1, "it may still be in the page");
	for (unsigned i = 0; i < 20000; i++)
		tick();
	cr_assert(ap[5].parked);
	cr_assert_eq(ap[5].slot->cpu->online, 0);
	cr_assert_eq(cpu_count, 7);
	expect_own_things();
}

static bool is_guard(uint64_t page)
{
	for (unsigned i = 0; i < guard_count; i++)
		if (guards[i] == page)
			return true;
	return false;
}

Test(smp, a_page_that_is_not_there_lies_below_each_stack)
{
	setup(4);
	cr_assert_eq(smp_start(&boot), 4);
	for (uint32_t i = 1; i < 4; i++) {
		const struct cpu *c = cpus[i];

		cr_assert(is_guard(ap[i].slot->stack_top - 5 * 4096));
		for (unsigned k = 1; k <= 4; k++)
			cr_assert(!is_guard(ap[i].slot->stack_top - k * 4096));
		for (unsigned k = 0; k < IST_COUNT; k++) {
			cr_assert(is_guard(c->tss.ist[k] - 2 * 4096));
			cr_assert(!is_guard(c->tss.ist[k] - 4096), "the stack itself is there");
			cr_assert(cpu_overflow_text(c->tss.ist[k] - 4097));
			cr_assert_eq(cpu_overflow_text(c->tss.ist[k] - 1), NULL);
		}
		cr_assert(!is_guard((uint64_t)c), "and struct cpu");
		cr_assert(strstr(cpu_overflow_text(ap[i].slot->stack_top - 4 * 4096 - 8), "CPU's stack"));
	}
	cr_assert_eq(guard_count, 3 * (1 + IST_COUNT));
	cr_assert(strstr(cpu_overflow_text(0x5123), "firmware"));
	cpus[0] = cpus[1];	/* the boot CPU has two more */
	cpus[0]->index = 0;
	sipi_sent = false;
	cpu_guard(cpus[0]);
	cr_assert_eq(guard_count, 4 * (1 + IST_COUNT) + 2);
	cr_assert(is_guard(0x5000));
}

static unsigned first_runs, second_runs;

static void first(void)
{
	first_runs++;
}

static void second(void)
{
	second_runs++;
}

Test(smp, work_is_done_by_each)
{
	setup(4);
	cr_assert_eq(smp_start(&boot), 4);
	cr_assert_eq(smp_on_others(first), 0);
	cr_assert_eq(first_runs, 3);
}

Test(smp, work_of_one_that_is_late_is_not_overwritten)
{
	setup(4);
	cr_assert_eq(smp_start(&boot), 4);
	ap[2].works_ms = 300;
	cr_assert_eq(smp_on_others(first), 1);
	cr_assert_eq(first_runs, 2);
	cr_assert_eq(smp_on_others(second), 1, "it is still at the first");
	cr_assert_eq(second_runs, 2);
	for (unsigned i = 0; i < 1000; i++)
		tick();
	cr_assert_eq(first_runs, 3, "it does the first yet");
	cr_assert_eq(second_runs, 2);
	ap[2].works_ms = 0;
	cr_assert_eq(smp_on_others(second), 0);
	cr_assert_eq(second_runs, 5);
}

Test(smp, an_id_that_is_listed_twice_is_one_processor)
{
	setup(4);
	boot.apic_id[3] = 2;
	cr_assert_eq(smp_start(&boot), 3);
	cr_assert_eq(ap[2].inits, 1);
}

Test(smp, without_memory_or_page_the_boot_cpu_goes_on_alone)
{
	setup(4);
	early_init(4096, 0);
	cr_assert_eq(smp_start(&boot), 1);
	boot.trampoline = 0;
	cr_assert_eq(smp_start(&boot), 1);
	boot.processors = 0;
	cr_assert_eq(smp_start(&boot), 1);
}
