/* SPDX-License-Identifier: MIT */
/* fuzz: config */
#include "config/config.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void must(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c;
	struct why_list mistakes = { 0 };

	config_parse(&c, "tern.conf", (const char *)data, size, &mistakes);
	must(c.mtu >= 576 && c.mtu <= 9000 && c.cim_port && c.vms <= CONFIG_VMS && c.peers <= CONFIG_PEERS);
	must(c.dhcp || (c.ipv4 && c.netmask));
	must(c.cim_port != c.console_port && c.cim_port != c.migration_port && c.console_port != c.migration_port);
	for (unsigned i = 0; i < c.peers; i++)
		must(c.peer[i].ipv4 && strnlen(c.peer[i].name, sizeof(c.peer[i].name)) < sizeof(c.peer[i].name));
	for (unsigned i = 0; i < c.vms; i++) {
		const struct config_vm *vm = &c.vm[i];

		must(vm->name[0] && vm->line && strnlen(vm->cmdline, sizeof(vm->cmdline)) < sizeof(vm->cmdline));
		must(vm->broken || (vm->kernel[0] && vm->memory_bytes && vm->vcpus));
		must(!vm->broken || mistakes.count);
	}
	return 0;
}
