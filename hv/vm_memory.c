/* SPDX-License-Identifier: MIT */
/* vm_memory.c: guest memory in 2 MiB chunks, promised at creation and taken when first touched. */
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/vm.h"
#include "lib/blob.h"
#include "lib/log.h"
#include "lib/pages.h"

/* Pages for vCPUs and tables come out of the same chunks: these stay unpromised, and one more for each GiB of guests,
 * whose split leaves take a page per chunk while they are tracked, or from
 * the beginning (gpt_small_code). */
#define HEADROOM_CHUNKS 4

static uint64_t promised;	/* chunks that VMs have not taken yet */
static uint64_t sizes;		/* of all VMs, in chunks */

uint64_t vm_memory_unpromised_chunks(void)
{
	uint64_t free = pages_free_chunks(), kept = promised + HEADROOM_CHUNKS + sizes / CHUNK_PAGES;

	return free > kept ? free - kept : 0;
}

bool vm_memory_fits(uint64_t memory_bytes)
{
	uint64_t need = memory_bytes / CHUNK_SIZE;

	return need + need / CHUNK_PAGES <= vm_memory_unpromised_chunks() + blob_idle_chunks();
}

enum err vm_memory_reserve(struct vm *vm, struct why *why)
{
	uint64_t need = vm->memory_bytes / CHUNK_SIZE, unpromised;

	if (!vm_memory_fits(vm->memory_bytes)) {
		why_set(why, "too little memory: %s needs %llu MiB, %llu MiB are free", vm->name,
			(unsigned long long)(vm->memory_bytes >> 20),
			(unsigned long long)(vm_memory_unpromised_chunks() * 2));
		return ERR_NOMEM;
	}
	unpromised = vm_memory_unpromised_chunks();
	if (unpromised < need + need / CHUNK_PAGES)
		blob_give_up(need + need / CHUNK_PAGES - unpromised);
	vm->chunks_reserved = (uint32_t)need;
	promised += need;
	sizes += need;
	return ERR_OK;
}

void vm_memory_free(struct vm *vm)
{
	for (uint64_t n = 0; n < VM_CHUNKS_MAX; n++) {
		if (vm->chunk[n])
			chunk_free(vm->chunk[n]);
		vm->chunk[n] = NULL;
	}
	promised -= vm->chunks_reserved;
	sizes -= vm->chunks_reserved + vm->chunks_present;
	vm->chunks_reserved = 0;
	vm->chunks_present = 0;
}

void *vm_chunk(struct vm *vm, uint64_t n, bool create)
{
	void *chunk;

	if (n >= vm->memory_bytes / CHUNK_SIZE)
		return NULL;
	if (vm->chunk[n] || !create)
		return vm->chunk[n];
	chunk = chunk_alloc();
	if (!chunk || gpt_map_chunk(&vm->gpt, gpa(n * CHUNK_SIZE), hpa((uint64_t)chunk)) != ERR_OK) {
		chunk_free(chunk);
		log_error("vm", "%s: no memory for promised chunk %llu", vm->name, (unsigned long long)n);
		return NULL;
	}
	vm->chunk[n] = chunk;
	vm->chunks_present++;
	vm->chunks_reserved--;
	promised--;
	return chunk;
}

static void **chunk_at(struct vm *vm, uint64_t address)
{
	for (uint64_t n = 0; n < VM_CHUNKS_MAX; n++)
		if (vm->chunk[n] && address - (uint64_t)vm->chunk[n] < CHUNK_SIZE)
			return &vm->chunk[n];
	return NULL;
}

struct vm *vm_memory_owner(uint64_t address)
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (chunk_at(&vms[i], address))
			return &vms[i];
	return NULL;
}

void vm_memory_retire(struct vm *vm, uint64_t address)
{
	void **chunk = chunk_at(vm, address);

	if (!chunk)
		return;
	log_error("vm", "the 2 MiB at %llx, of %s, are taken out of use", (unsigned long long)(uint64_t)*chunk,
		  vm->name);
	*chunk = NULL;
	vm->chunks_present--;
	sizes--;
}

bool vm_memory_touch(struct vm *vm, uint64_t at)
{
	return at < vm->memory_bytes && vm_chunk(vm, at / CHUNK_SIZE, true);
}

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_ZERO };

static enum err access(struct vm *vm, gpa_t at, void *buffer, uint64_t bytes, enum access kind)
{
	if (at.v > vm->memory_bytes || bytes > vm->memory_bytes - at.v)
		return ERR_RANGE;
	while (bytes) {
		uint64_t offset = at.v % CHUNK_SIZE;
		uint64_t part = CHUNK_SIZE - offset < bytes ? CHUNK_SIZE - offset : bytes;
		char *host = vm_chunk(vm, at.v / CHUNK_SIZE, true);

		if (!host)
			return ERR_NOMEM;
		if (kind == ACCESS_READ)
			memcpy(buffer, host + offset, part);
		else if (kind == ACCESS_WRITE)
			memcpy(host + offset, buffer, part);
		else
			memset(host + offset, 0, part);
		if (kind != ACCESS_READ)
			dirty_mark(&vm->dirty, at, part);
		if (buffer)
			buffer = (char *)buffer + part;
		at.v += part;
		bytes -= part;
	}
	return ERR_OK;
}

enum err guest_write(struct vm *vm, gpa_t at, const void *from, uint64_t bytes)
{
	return access(vm, at, (void *)(uintptr_t)from, bytes, ACCESS_WRITE);
}

enum err guest_read(struct vm *vm, gpa_t at, void *to, uint64_t bytes)
{
	return access(vm, at, to, bytes, ACCESS_READ);
}

enum err guest_zero(struct vm *vm, gpa_t at, uint64_t bytes)
{
	return access(vm, at, NULL, bytes, ACCESS_ZERO);
}
