/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/intr.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/firmware.h"
#include "arch/x86_64/msr.h"
#include "lib/log.h"

char intr_stubs[16 * 256], image_start[1];
static struct cpu cpu = { .index = 3 };
static bool in_service, of_firmware, of_msr, on_guard;
static unsigned eois, handled, warnings;
static const char *expected;	/* of a panic */

bool apic_in_service(uint8_t vector) { (void)vector; return in_service; }
void apic_eoi(void) { eois++; }
bool firmware_fault(struct intr_frame *f) { (void)f; return of_firmware; }
bool msr_fault(struct intr_frame *f) { (void)f; return of_msr; }
const char *cpu_overflow_text(uint64_t address) { return on_guard && address == 0x5000 ? "the stack of CPU 3" : NULL; }

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	(void)area, (void)format;
	warnings += level == LOG_WARN;
}

/* Ends the test: well if it was to come and says what was expected. */
void panic(const char *format, ...)
{
	char said[200];
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	if (expected && strstr(said, expected))
		abort();
	fprintf(stderr, "panic: %s\n", said);
	exit(1);
}

static void handler(struct intr_frame *f) { handled += f->vector == 0x50; }

static void dispatch(unsigned vector)
{
	struct intr_frame f = { .vector = vector, .rip = (uint64_t)image_start + 0x1234 };

	intr_dispatch(&f);
}

static void fresh(void)
{
	fake_cpu = (struct fake_cpu){ .gs_first = &cpu, .cr2 = 0x5000 };
	intr_init();
}

TestSuite(intr, .init = fresh);

Test(intr, each_vector_leads_to_its_stub_and_some_have_a_stack_of_their_own)
{
	const uint8_t *idt = (const uint8_t *)intr_idt_base();

	for (unsigned v = 0; v < 256; v++, idt += 16) {
		uint64_t to = (uint64_t)idt[0] | (uint64_t)idt[1] << 8 | (uint64_t)idt[6] << 16 | (uint64_t)idt[7] << 24;

		for (unsigned b = 0; b < 4; b++)
			to |= (uint64_t)idt[8 + b] << (32 + 8 * b);
		cr_assert_eq(to, (uint64_t)&intr_stubs[16 * v], "vector %u", v);
		cr_assert(idt[2] == SEL_CODE && idt[5] == 0x8e);
		cr_assert_eq(idt[4], v == 2 ? IST_NMI : v == 8 ? IST_DF : v == 18 ? IST_MC : 0, "vector %u", v);
	}
}

Test(intr, an_interrupt_goes_to_its_handler)
{
	intr_set_handler(0x50, handler);
	dispatch(0x50);
	cr_expect_eq(handled, 1);
	cr_expect_eq(eois, 0, "the handler acknowledges it");
}

Test(intr, one_that_nobody_wants_is_logged_and_acknowledged_if_it_is_in_service)
{
	dispatch(0x51);
	cr_expect(eois == 0 && warnings == 1);
	in_service = true;
	dispatch(0x51);
	cr_expect(eois == 1 && warnings == 2);
}

Test(intr, a_fault_of_the_firmware_or_of_a_missing_msr_is_theirs)
{
	of_firmware = true;
	dispatch(14);
	of_firmware = false;
	of_msr = true;
	dispatch(13);
}

static void stops(unsigned vector, const char *words)
{
	expected = words;
	dispatch(vector);
}

Test(intr, an_exception_of_tern_stops_the_host, .signal = SIGABRT) { stops(13, "#GP general protection in Tern at image offset 1234"); }
Test(intr, one_without_a_name_too, .signal = SIGABRT) { stops(30, "exception in Tern"); }
Test(intr, a_double_fault_is_no_overflow_elsewhere, .signal = SIGABRT) { stops(8, "#DF double fault in Tern"); }

Test(intr, a_double_fault_on_a_guard_page_is_told_as_what_it_is, .signal = SIGABRT)
{
	on_guard = true;
	stops(8, "the stack of CPU 3 has overflowed");
}
