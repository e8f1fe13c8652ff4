/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"

static uint32_t config(struct machine *m, uint32_t address)
{
	machine_port_out(m, 0, 0xCF8, 4, 0x80000000u | address);
	return machine_port_in(m, 0, 0xCFC, 4);
}

Test(pci, mechanism_1_is_there)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0xCF8, 4, 0x80000000);
	cr_assert_eq(machine_port_in(m, 0, 0xCF8, 4), 0x80000000, "Linux probes for it this way");
}

Test(pci, device_0_is_a_host_bridge)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(config(m, 0x08) >> 8, 0x060000);
	cr_assert_neq(config(m, 0x00) & 0xFFFF, 0xFFFF);
	machine_port_out(m, 0, 0xCF8, 4, 0x80000008);
	cr_assert_eq(machine_port_in(m, 0, 0xCFE, 2), 0x0600, "class by a 16-bit read");
	cr_assert_eq(machine_port_in(m, 0, 0xCFF, 1), 0x06);
	cr_assert_eq(config(m, 0x0C) >> 16 & 0xFF, 0, "header type 0, one function");
}

Test(pci, everything_else_is_absent)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(config(m, 1u << 8), 0xFFFFFFFF);
	cr_assert_eq(config(m, 1u << 11), 0xFFFFFFFF);
	cr_assert_eq(config(m, 1u << 16), 0xFFFFFFFF);
	machine_port_out(m, 0, 0xCF8, 4, 0);
	cr_assert_eq(machine_port_in(m, 0, 0xCFC, 4), 0xFFFFFFFF, "not enabled");
}

Test(pci, the_bridge_has_no_base_address_registers)
{
	struct machine *m = fake_machine(1);

	for (uint32_t reg = 0x10; reg < 0x28; reg += 4) {
		machine_port_out(m, 0, 0xCF8, 4, 0x80000000u | reg);
		machine_port_out(m, 0, 0xCFC, 4, 0xFFFFFFFF);
		cr_assert_eq(config(m, reg), 0);
	}
}

Test(pci, narrow_accesses_do_not_touch_the_address_register)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0xCF8, 4, 0x80000004);
	machine_port_out(m, 0, 0xCF8, 1, 0);
	machine_port_out(m, 0, 0xCFA, 2, 0xFFFF);
	cr_assert_eq(machine_port_in(m, 0, 0xCF8, 4), 0x80000004);
}

Test(pci, the_reset_register_resets_only_with_its_cpu_bit)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0xCF9, 0x02);
	cr_assert_eq(m->request, MACHINE_RUN);
	cr_assert_eq(fake_inb(m, 0xCF9), 0x02);
	fake_outb(m, 0xCF9, 0x06);
	cr_assert_eq(m->request, MACHINE_RESET);
}
