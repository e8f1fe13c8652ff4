/* SPDX-License-Identifier: MIT */
/* fuzz: hv fake_guest_mem */
#include "hv/linux.h"
#include <stdlib.h>
#include "tests/fake/fake_guest_mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[32 << 20], initrd[8192];
	static struct vm vm = { .memory = ram, .bytes = sizeof(ram) };
	struct blob kernel = { .bytes = size, .have = size, .base = data };
	struct blob second = { .bytes = sizeof(initrd), .have = sizeof(initrd), .base = initrd };
	struct linux_load load = {
		.vm = &vm, .kernel = &kernel, .initrd = &second,
		.cmdline = "console=ttyS0", .memory_bytes = sizeof(ram), .rsdp = { 0xe0000 },
	};
	struct linux_entry entry;
	struct why why;

	/* What was accepted lies within memory and starts there. */
	if (!linux_load(&load, &entry, &why) && (entry.rip < LINUX_HIGH_START || entry.rip >= sizeof(ram)))
		abort();
	return 0;
}
