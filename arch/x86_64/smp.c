/* SPDX-License-Identifier: MIT */
#include "smp.h"
#include <string.h>
#include "acpi.h"
#include "apic.h"
#include "cpu.h"
#include "intr.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "lib/pages.h"
#include "paging.h"
#include "time.h"

#define ANSWER_NS	100000000ull

extern char trampoline_start[], trampoline_end[], trampoline_data[];
extern char trampoline_gdt[], trampoline_gdt_pointer[], trampoline_far_pointer[], trampoline_long[];

static void ap_entry(uint64_t index)
{
	paging_load();
	cpu_init((uint32_t)index, cpus[index].apic_id);
	cpu_init_fpu();
	apic_init(0);
	__atomic_store_n(&cpus[index].online, 1, __ATOMIC_RELEASE);
	for (;;) {
		void (*work)(void) = __atomic_load_n(&cpus[index].mailbox, __ATOMIC_ACQUIRE);

		if (!work) {
			/* STI takes effect after HLT has begun: an IPI in between still wakes this CPU. */
			__asm__ volatile("sti; hlt; cli" : : : "memory");
			continue;
		}
		work();
		__atomic_store_n(&cpus[index].mailbox, NULL, __ATOMIC_RELEASE);
	}
}

static void prepare_page(uint64_t page, uint32_t index)
{
	char *at = (char *)page;
	uint64_t data[4] = { paging_cr3(), cpus[index].stack_top, (uint64_t)ap_entry, index };

	paging_set_executable(page, 0);
	memcpy(at, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	le32_put(at + (trampoline_gdt_pointer - trampoline_start) + 2, (uint32_t)(page + (uint64_t)(trampoline_gdt - trampoline_start)));
	le32_put(at + (trampoline_far_pointer - trampoline_start), (uint32_t)(page + (uint64_t)(trampoline_long - trampoline_start)));
	memcpy(at + (trampoline_data - trampoline_start), data, sizeof(data));
	paging_set_executable(page, 1);
}

static bool start_one(uint32_t index, uint32_t id, uint64_t page)
{
	void *stack = page_alloc();
	uint64_t until;

	if (!stack)
		return false;
	cpus[index].apic_id = id;
	cpus[index].stack_top = (uint64_t)stack + 4096;
	prepare_page(page, index);
	apic_send_init(id);
	time_delay_us(10000);
	for (int i = 0; i < 2 && !cpus[index].online; i++) {
		apic_send_startup(id, (uint8_t)(page >> 12));
		until = time_ns() + ANSWER_NS / 2;
		while (!__atomic_load_n(&cpus[index].online, __ATOMIC_ACQUIRE) && time_ns() < until)
			cpu_relax();
	}
	return cpus[index].online;
}

uint32_t smp_start(const struct boot_info *boot)
{
	uint32_t id[CPU_MAX], n = boot->processors, self = apic_id();
	uint64_t page = boot->trampoline;

	cpu_count = 1;
	memcpy(id, boot->apic_id, sizeof(id));
	if (!n)
		n = acpi_processors(boot->rsdp, id, CPU_MAX);
	for (uint32_t i = 0; i < n && page; i++) {
		if (id[i] == self)
			continue;
		if (start_one(cpu_count, id[i], page))
			cpu_count++;
		else
			log_warn("smp", "processor with APIC id %u did not start", id[i]);
	}
	if (page)
		paging_set_executable(page, 0);
	return cpu_count;
}

void smp_on_others(void (*work)(void))
{
	for (uint32_t i = 1; i < cpu_count; i++) {
		uint64_t until = time_ns() + ANSWER_NS;

		__atomic_store_n(&cpus[i].mailbox, work, __ATOMIC_RELEASE);
		apic_send_fixed(cpus[i].apic_id, VECTOR_IPI);
		while (__atomic_load_n(&cpus[i].mailbox, __ATOMIC_ACQUIRE) && time_ns() < until)
			cpu_relax();
		if (__atomic_load_n(&cpus[i].mailbox, __ATOMIC_ACQUIRE))
			log_error("smp", "cpu %u did not do its work in time", i);
	}
}
