/* SPDX-License-Identifier: MIT */
/* fuzz: hv fake_pages fake_vcpu */
#include <stdlib.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/mmio.h"
#include "lib/bytes.h"
#include "tests/fake/fake_vcpu.h"

/* Whatever bytes stand at RIP: either the device is accessed at most once each way, and RIP is past the instruction; or the VM
 * stops, and neither the device nor a register has seen anything. */

#define BYTES	4096u
#define DEVICE	0xfee00000ull

static uint8_t memory[BYTES];
static struct vm vm;
static unsigned reads, writes, crashes;

static void must(bool holds)
{
	if (!holds)
		abort();
}

enum err guest_read(struct vm *v, gpa_t at, void *to, uint64_t bytes)
{
	(void)v;
	if (at.v > BYTES || bytes > BYTES - at.v)
		return ERR_RANGE;
	memcpy(to, memory + at.v, bytes);
	return ERR_OK;
}

enum err guest_write(struct vm *v, gpa_t at, const void *from, uint64_t bytes)
{
	(void)v, (void)at, (void)from, (void)bytes;
	abort();	/* nothing here writes to memory */
}

bool machine_mmio(struct machine *m, unsigned vcpu, uint64_t at, unsigned bytes, bool write, uint64_t *value)
{
	must(m == &vm.machine && vcpu == 0 && at == DEVICE);
	must(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
	must(!write || bytes == 8 || !(*value >> 8 * bytes));
	*(write ? &writes : &reads) += 1;
	if (!write)
		*value = 0x8182838485868788;
	return true;
}

void vm_crash(struct vm *v, const char *format, ...)
{
	must(v == &vm && format);
	crashes++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vcpu *v = &vm.vcpu[0];
	uint64_t gpr[16], rip, rsp, rflags;
	bool done;

	if (size < 18)
		return 0;
	fake_vcpu_reset();
	vm.memory_bytes = BYTES;
	reads = writes = crashes = 0;
	memset(memory, 0, BYTES);
	fake_vcpu.s.cr0 = 1;			/* no paging: where the code lies is fuzz_walk's business */
	if (data[0] & 3)
		fake_vcpu.s.efer = 0;
	fake_vcpu.s.segment_access[SEG_CS] = data[0] & 2 ? 0x9b : data[0] & 1 ? 0xc09b : 0xa09b;
	fake_vcpu.s.rip = rip = data[1] & 1 ? BYTES - 1 - (data[1] >> 1) % 16 : 0x100;
	for (unsigned i = 0; i < 16; i++)
		v->gpr[i] = (uint64_t)data[2 + i] * 0x0101010101010101 ^ i << 29;
	fake_vcpu.s.gpr[GPR_RSP] = rsp = data[2];
	fake_vcpu.s.rflags = rflags = 2;
	data += 18, size -= 18;
	memcpy(memory + rip, data, size < BYTES - rip ? size : BYTES - rip);
	memcpy(gpr, v->gpr, sizeof(gpr));
	done = mmio_emulate(&vm, v, 0, DEVICE);
	must(reads <= 1 && writes <= 1 && crashes == !done);
	if (done) {
		must(reads + writes >= 1);
		must(fake_vcpu.s.rip - rip >= 1 && fake_vcpu.s.rip - rip <= 15);
	} else {
		must(!reads && !writes && fake_vcpu.s.rip == rip && fake_vcpu.s.rflags == rflags);
		must(!memcmp(gpr, v->gpr, sizeof(gpr)) && fake_vcpu.s.gpr[GPR_RSP] == rsp);
	}
	return 0;
}
