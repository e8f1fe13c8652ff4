/* SPDX-License-Identifier: MIT */
/* fuzz: hv fake_pages fake_vcpu */
#include <stdlib.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/walk.h"
#include "lib/bytes.h"
#include "tests/fake/fake_vcpu.h"

/* A guest's paging structures are whatever it likes, and its memory is small. A walk ends, stays in memory, and marks nothing
 * unless the whole access is possible; then A and D alone, and twice the same walk says the same. */

#define PAGES	8u
#define BYTES	(PAGES * 4096u)
#define MARKS	0x60ull			/* A and D */

static uint8_t memory[BYTES], before[BYTES];
static struct vm vm;

static void must(bool holds)
{
	if (!holds)
		abort();
}

enum err guest_read(struct vm *v, gpa_t at, void *to, uint64_t bytes)
{
	must(v == &vm && bytes <= 4096);
	if (at.v > BYTES || bytes > BYTES - at.v)
		return ERR_RANGE;
	memcpy(to, memory + at.v, bytes);
	return ERR_OK;
}

enum err guest_write(struct vm *v, gpa_t at, const void *from, uint64_t bytes)
{
	must(v == &vm && bytes <= 4096);
	if (at.v > BYTES || bytes > BYTES - at.v)
		return ERR_RANGE;
	memcpy(memory + at.v, from, bytes);
	return ERR_OK;
}

static bool marks_only(void)
{
	for (unsigned i = 0; i < BYTES; i += 8) {
		uint64_t was = le64_get(before + i), is = le64_get(memory + i);

		if ((is ^ was) & ~MARKS || (was & ~is))
			return false;
	}
	return true;
}

static void access(uint64_t linear, uint64_t bytes, bool write)
{
	struct walk_data data = { .fault_error = 0 }, again;
	enum err e;

	memcpy(before, memory, BYTES);
	e = walk_data(&vm, &vm.vcpu[0], linear, bytes, write, &data);
	if (e != ERR_OK) {
		must(!memcmp(memory, before, BYTES));
		must(e != ERR_NOTFOUND || (data.fault_linear - linear < bytes && !(data.fault_error & ~7u)));
		return;
	}
	must(marks_only() && data.bytes[0] + data.bytes[1] == bytes);
	for (unsigned i = 0; i < 2; i++)
		must(!data.bytes[i] || (data.at[i].v < BYTES && data.bytes[i] <= BYTES - data.at[i].v));
	/* A structure that maps itself may have been marked into another one. */
	if (!memcmp(memory, before, BYTES)) {
		must(walk_data(&vm, &vm.vcpu[0], linear, bytes, write, &again) == ERR_OK);
		must(again.at[0].v == data.at[0].v && (!data.bytes[1] || again.at[1].v == data.at[1].v));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t code[15];
	uint64_t linear, bytes;
	bool write;
	gpa_t at;

	if (size < 24)
		return 0;
	fake_vcpu_reset();
	vm.memory_bytes = BYTES;
	memset(memory, 0, BYTES);
	fake_vcpu.s.cr3 = le16_get(data) % PAGES << 12;
	fake_vcpu.s.cr0 = 0x80000001 ^ (uint64_t)(data[2] & 1) << 16 ^ (uint64_t)(data[2] >> 1 & 1) << 31;
	fake_vcpu.s.cr4 = 0x20 | (uint64_t)(data[2] >> 2 & 1) << 12;
	fake_vcpu.s.efer = data[2] & 8 ? 0 : 0x500;
	fake_vcpu.s.segment_access[SEG_SS] = data[2] & 16 ? 0xf3 : 0x93;
	fake_vcpu.s.segment_access[SEG_CS] = data[2] & 32 ? 0xc09b : 0xa09b;
	write = data[2] & 64;
	bytes = 1 + data[3] % 8;
	linear = le64_get(data + 4);
	fake_vcpu.s.rip = le64_get(data + 12);
	for (data += 20, size -= 20; size >= 10; data += 10, size -= 10)
		le64_put(memory + le16_get(data) % (BYTES / 8) * 8, le64_get(data + 2) & 0x800000000001ffffull);
	access(linear, bytes, write);
	(void)!walk_translate(&vm, &vm.vcpu[0], linear, &at);
	must(walk_read_code(&vm, &vm.vcpu[0], code, sizeof(code)) <= sizeof(code));
	return 0;
}
