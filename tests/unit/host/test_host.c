/* SPDX-License-Identifier: MIT */
#include "host/host.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/virt.h"
#include "lib/random.h"
#include "lib/uuid.h"

/* Who a host is, and what of it is not used. */

uint32_t cpu_count;
static struct boot_info boot;
static bool strong, has_vmx, vmxon;

static const struct virt_ops family = { .name = "VT-x" };
const struct virt_ops *virt = &family;
static unsigned on_others, late;
static uint8_t next_random;

bool random_is_strong(void)
{
	return strong;
}

void random_bytes(void *out, size_t bytes)
{
	memset(out, ++next_random, bytes);
}

bool virt_init(struct why_list *missing)
{
	if (!has_vmx) {
		why_add(missing, "VT-x is off in the firmware");
		why_add(missing, "and something else");
	}
	return has_vmx;
}

bool virt_cpu_on(void)
{
	return vmxon;
}

uint32_t smp_on_others(void (*work)(void))
{
	(void)work;
	on_others++;
	return late;
}

static void setup(void)
{
	memset(&boot, 0, sizeof(boot));
	strong = has_vmx = vmxon = true;
	on_others = late = 0;
	cpu_count = 2;
	boot.processors = 2;
	strcpy(boot.config.host_name, "lab-a");
}

TestSuite(host, .init = setup);

static void has_limit(const char *part)
{
	const struct why_list *l = &host_info()->limits;

	for (unsigned i = 0; i < l->count; i++)
		if (strstr(l->why[i].text, part))
			return;
	cr_assert_fail("'%s' is not said", part);
}

Test(host, has_a_name_and_ids_of_its_own)
{
	const struct host_info *h = host_info();
	uint8_t first[16], derived[16];

	host_init(&boot);
	cr_expect_str_eq(h->name, "lab-a");
	cr_expect_eq(h->config, &boot.config);
	memcpy(first, h->boot_id, 16);
	memcpy(derived, h->uuid, 16);
	host_init(&boot);
	cr_expect_arr_neq(first, h->boot_id, 16, "each boot has another");
	cr_expect_arr_eq(derived, h->uuid, 16, "the name's");
	strcpy(boot.config.host_uuid, "01020304-0000-0000-0000-000000000009");
	host_init(&boot);
	cr_expect_arr_neq(derived, h->uuid, 16);
	cr_expect_eq(h->uuid[15], 9);
}

Test(host, that_uses_all_of_its_machine_says_nothing)
{
	boot.memory.unused[MEMORY_LOW] = 640 << 10;
	host_init(&boot);
	cr_expect_eq(host_info()->limits.count, 0, "what is below 1 MiB nobody misses");
	cr_expect_eq(host_info()->unused_bytes, 640 << 10);
	cr_expect_eq(host_info()->unused_cpus, 0);
}

Test(host, says_what_memory_it_does_not_use_and_why)
{
	boot.memory.unused[MEMORY_LOW] = 1 << 20;
	boot.memory.unused[MEMORY_PERSISTENT] = 64ull << 30;
	boot.memory.unused[MEMORY_BROKEN] = 4096;
	host_init(&boot);
	cr_expect_eq(host_info()->unused_bytes, (64ull << 30) + (1 << 20) + 4096);
	cr_expect_eq(host_info()->limits.count, 2);
	has_limit("67108864 KiB of memory are not used: it is persistent memory");
	has_limit("4 KiB of memory are not used: the firmware found errors");
}

Test(host, says_which_processors_it_does_not_use)
{
	boot.processors = 8;
	host_init(&boot);
	cr_expect_eq(host_info()->unused_cpus, 6);
	has_limit("6 of 8 processors are not used: they did not start");
	boot.processors = cpu_count = CPU_MAX;
	boot.processors_more = 10;
	host_init(&boot);
	cr_expect_eq(host_info()->unused_cpus, 10);
	has_limit("10 of 1034 processors are not used: Tern has no places");
}

Test(host, without_a_generator_says_that_its_numbers_can_be_guessed)
{
	strong = false;
	host_init(&boot);
	has_limit("random numbers can be guessed");
}

Test(host, without_vmx_says_the_first_reason_and_comes_up_all_the_same)
{
	host_init(&boot);
	cr_expect(host_info()->can_run_vms);
	cr_expect_eq(on_others, 1);
	has_vmx = false;
	host_init(&boot);
	cr_expect_not(host_info()->can_run_vms);
	cr_expect_str_eq(host_info()->why_not, "VT-x is off in the firmware");
	cr_expect_eq(on_others, 1);
}

Test(host, says_how_many_processors_were_late_with_vmx)
{
	late = 1;
	host_init(&boot);
	cr_expect(host_info()->can_run_vms);
	has_limit("1 processors were late to turn VT-x on");
}

Test(host, whose_boot_cpu_refuses_vmxon_says_so)
{
	vmxon = false;
	host_init(&boot);
	cr_expect_str_eq(host_info()->why_not, "the boot CPU could not turn VT-x on");
}

Test(host, tracks_writes_as_tern_conf_wants_it)
{
	boot.config.tracker = CONFIG_TRACKER_AD;
	host_init(&boot);
	cr_expect_eq(host_info()->tracker, DIRTY_AD);
}
