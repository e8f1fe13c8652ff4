/* SPDX-License-Identifier: MIT */
#include "smp.h"
#include <stddef.h>
#include <string.h>
#include "apic.h"
#include "arch/x86_64/cpu.h"
#include "early.h"
#include "intr.h"
#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "mce.h"
#include "paging.h"
#include "time.h"

#define INIT_US		10000u		/* SDM Vol. 3 "MP Initialization Example" */
#define STARTUP_NS	10000000ull	/* until the second SIPI */
#define ONLINE_NS	1000000000ull	/* from the last who came */
#define ANSWER_NS	100000000ull

extern char trampoline_start[], trampoline_end[], trampoline_data[];
extern char trampoline_gdt[], trampoline_gdt_pointer[], trampoline_far_pointer[], trampoline_long[];

_Static_assert(sizeof(struct smp_slot) == 24 && offsetof(struct smp_slot, state) == 4 &&
		       offsetof(struct smp_slot, stack_top) == 8 && SMP_WAITING == 0 && SMP_CLAIMED == 1,
	       "as trampoline.S has it");

static struct smp_slot *slots;
static uint32_t slot_count;

static uint32_t state_of(const struct smp_slot *s)
{
	return __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);
}

static bool step(struct smp_slot *s, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&s->state, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

bool smp_come_online(struct smp_slot *slot)
{
	__atomic_store_n(&slot->cpu->online, 1, __ATOMIC_RELEASE);
	if (step(slot, SMP_CLAIMED, SMP_ONLINE))
		return true;
	__atomic_store_n(&slot->cpu->online, 0, __ATOMIC_RELEASE);
	return false;
}

bool smp_work(struct cpu *c)
{
	void (*work)(void) = __atomic_load_n(&c->mailbox, __ATOMIC_ACQUIRE);

	if (!work)
		return false;
	work();
	__atomic_store_n(&c->mailbox, NULL, __ATOMIC_RELEASE);
	return true;
}

static void ap_entry(struct smp_slot *slot)
{
	paging_load();
	cpu_init(slot->cpu);
	cpu_init_fpu();
	mce_init();
	apic_init(0);
	while (!smp_come_online(slot))
		__asm__ volatile("cli; hlt" : : : "memory");
	for (;;)
		if (!smp_work(slot->cpu))
			cpu_sti_hlt_cli();
}

static void prepare_page(uint64_t page)
{
	char *at = (char *)page;
	uint64_t data[4] = { paging_cr3(), (uint64_t)slots, (uint64_t)ap_entry, slot_count };

	paging_set_executable(page, 0);
	memcpy(at, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	le32_put(at + (trampoline_gdt_pointer - trampoline_start) + 2,
		 (uint32_t)(page + (uint64_t)(trampoline_gdt - trampoline_start)));
	le32_put(at + (trampoline_far_pointer - trampoline_start),
		 (uint32_t)(page + (uint64_t)(trampoline_long - trampoline_start)));
	memcpy(at + (trampoline_data - trampoline_start), data, sizeof(data));
	paging_set_executable(page, 1);
}

uint64_t smp_early_bytes(uint32_t processors)
{
	return processors * (cpu_area_bytes() + sizeof(struct smp_slot)) + PAGE_SIZE;
}

static bool is_listed(uint32_t id)
{
	for (uint32_t i = 0; i < slot_count; i++)
		if (slots[i].apic_id == id)
			return true;
	return false;
}

/* A slot, a stack and a number for each that is to be started. */
static void make_slots(const struct boot_info *boot, uint32_t self)
{
	slot_count = 0;
	slots = early_alloc(boot->processors * sizeof(*slots));
	for (uint32_t i = 0; i < boot->processors && slots; i++) {
		uint32_t id = boot->apic_id[i];
		struct cpu *c;

		if (id == self || is_listed(id))
			continue;
		c = slot_count + 1 < CPU_MAX ? cpu_new(slot_count + 1, id) : NULL;
		if (!c) {
			log_warn("smp", "no memory or number for the processor with APIC id %u", id);
			continue;
		}
		cpu_guard(c);
		slots[slot_count++] = (struct smp_slot){ .apic_id = id, .stack_top = cpu_stack_top(c), .cpu = c };
	}
}

static uint32_t count(uint32_t state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < slot_count; i++)
		n += state_of(&slots[i]) == state;
	return n;
}

/* Until all are online, or @ns have passed since the last one came. */
static void wait_online(uint64_t ns)
{
	uint32_t online = count(SMP_ONLINE), now;
	uint64_t until = time_ns() + ns;

	while (online < slot_count && time_ns() < until) {
		cpu_relax();
		now = count(SMP_ONLINE);
		if (now != online)
			until = time_ns() + ns;
		online = now;
	}
}

static void start_all(uint64_t page)
{
	for (uint32_t i = 0; i < slot_count; i++)
		apic_send_init(slots[i].apic_id);
	time_delay_us(INIT_US);
	for (unsigned turn = 0; turn < 2; turn++) {
		for (uint32_t i = 0; i < slot_count; i++)
			if (state_of(&slots[i]) == SMP_WAITING)
				apic_send_startup(slots[i].apic_id, (uint8_t)(page >> PAGE_SHIFT));
		wait_online(turn ? ONLINE_NS : STARTUP_NS);
	}
}

/* Whether every processor has left the page for good. */
static bool give_up_late(void)
{
	bool left = true;

	for (uint32_t i = 0; i < slot_count; i++) {
		struct smp_slot *s = &slots[i];

		if (step(s, SMP_WAITING, SMP_GIVEN_UP)) {
			apic_send_init(s->apic_id);
			log_warn("smp", "processor with APIC id %u did not start", s->apic_id);
		} else if (step(s, SMP_CLAIMED, SMP_GIVEN_UP)) {
			left = false;
			log_warn("smp", "processor with APIC id %u began to start and did not come online", s->apic_id);
		}
	}
	return left;
}

uint32_t smp_start(const struct boot_info *boot)
{
	uint64_t page = boot->trampoline;

	cpu_count = 1;
	if (boot->processors_more)
		log_warn("smp", "%u processors are not used: Tern has places for %u", boot->processors_more, CPU_MAX);
	if (boot->processors <= 1)
		return cpu_count;
	if (!page) {
		log_warn("smp", "%u processors are not used: no page below 640 KiB was free to start them",
			 boot->processors - 1);
		return cpu_count;
	}
	make_slots(boot, apic_id());
	prepare_page(page);
	start_all(page);
	if (give_up_late())
		paging_set_executable(page, 0);
	cpu_count += count(SMP_ONLINE);
	return cpu_count;
}

/* Whether @c has done @work. */
static bool do_on(struct cpu *c, void (*work)(void))
{
	uint64_t until = time_ns() + ANSWER_NS;
	void (*none)(void) = NULL;

	if (!__atomic_compare_exchange_n(&c->mailbox, &none, work, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		log_error("smp", "cpu %u is still at its earlier work", c->index);
		return false;
	}
	apic_send_fixed(c->apic_id, VECTOR_IPI);
	while (__atomic_load_n(&c->mailbox, __ATOMIC_ACQUIRE)) {
		if (time_ns() >= until) {
			log_error("smp", "cpu %u did not do its work in time", c->index);
			return false;
		}
		cpu_relax();
	}
	return true;
}

uint32_t smp_on_others(void (*work)(void))
{
	uint32_t late = 0;

	for (uint32_t i = 0; i < slot_count; i++)
		if (state_of(&slots[i]) == SMP_ONLINE)
			late += !do_on(slots[i].cpu, work);
	return late;
}
