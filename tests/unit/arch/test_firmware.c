/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/firmware.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/intr.h"

char firmware_leave[1];
uint64_t firmware_enter(uint64_t function, const uint64_t *args, uint64_t stack_top);

static struct cpu this_cpu;
static unsigned entered;
static struct intr_frame fault;

/* The call itself, and what happens in it: another call, or an exception. */
uint64_t firmware_enter(uint64_t function, const uint64_t *args, uint64_t stack_top)
{
	entered++;
	cr_assert_eq(stack_top % 16, 0);
	cr_assert_geq(stack_top - firmware_stack_guard(), 4096 + 16384);
	if (function == 1)
		return firmware_call(2, args);
	if (function == 3)
		return firmware_fault(&fault) ? fault.rax : 0;
	return args[0] + args[4];
}

static void begin(void)
{
	memset(&fake_cpu, 0, sizeof(fake_cpu));
	this_cpu.index = 0;
	fake_cpu.gs_first = &this_cpu;
	fake_cpu.cr2 = 0xbad;
	fault = (struct intr_frame){ .vector = 14, .rip = 0x1234 };
}

TestSuite(firmware, .init = begin);

static const uint64_t args[FIRMWARE_ARGS] = { 40, 0, 0, 0, 2 };

Test(firmware, a_call_gives_what_the_firmware_answers)
{
	cr_assert_eq(firmware_call(5, args), 42);
	cr_assert_eq(firmware_call(5, args), 42);
	cr_assert_str_empty(firmware_fault_text());
}

Test(firmware, one_call_at_a_time_on_the_boot_cpu)
{
	cr_assert_eq(firmware_call(1, args), FIRMWARE_BUSY);
	cr_assert_eq(firmware_call(5, args), 42, "and then it goes on");
	this_cpu.index = 1;
	entered = 0;
	cr_assert_eq(firmware_call(5, args), FIRMWARE_BUSY);
	cr_assert_eq(entered, 0);
}

Test(firmware, after_an_exception_it_is_never_called_again)
{
	cr_assert_eq(firmware_call(3, args), FIRMWARE_FAULTED);
	cr_assert_eq(fault.rip, (uint64_t)firmware_leave);
	cr_assert(strstr(firmware_fault_text(), "exception 14") && strstr(firmware_fault_text(), "1234") &&
		  strstr(firmware_fault_text(), "bad"), "%s", firmware_fault_text());
	entered = 0;
	cr_assert_eq(firmware_call(5, args), FIRMWARE_FAULTED);
	cr_assert_eq(entered, 0);
}

Test(firmware, an_exception_elsewhere_is_not_the_firmwares)
{
	cr_assert(!firmware_fault(&fault));
	cr_assert_eq(fault.rip, 0x1234);
	fault.vector = 2;
	cr_assert_eq(firmware_call(3, args), 0, "an NMI is nobody's fault");
	fault.vector = 18;
	cr_assert_eq(firmware_call(3, args), 0);
}
