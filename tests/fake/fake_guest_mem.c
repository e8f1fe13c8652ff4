/* SPDX-License-Identifier: MIT */
/* fake_guest_mem.c: guest memory of unit tests. */
#include "fake_guest_mem.h"
#include <string.h>
#include "hv/guest_mem.h"

static enum err check(struct vm *vm, gpa_t at, uint64_t bytes)
{
	return at.v > vm->bytes || bytes > vm->bytes - at.v ? ERR_RANGE : ERR_OK;
}

static enum err check_write(struct vm *vm, gpa_t at, uint64_t bytes)
{
	enum err e = check(vm, at, bytes);

	if (!e && vm->writes_left && ++vm->writes > vm->writes_left)
		e = ERR_NOMEM;
	return e;
}

enum err guest_write(struct vm *vm, gpa_t at, const void *from, uint64_t bytes)
{
	enum err e = check_write(vm, at, bytes);

	if (!e)
		memcpy(vm->memory + at.v, from, bytes);
	return e;
}

enum err guest_zero(struct vm *vm, gpa_t at, uint64_t bytes)
{
	enum err e = check_write(vm, at, bytes);

	if (!e)
		memset(vm->memory + at.v, 0, bytes);
	return e;
}

enum err guest_read(struct vm *vm, gpa_t at, void *to, uint64_t bytes)
{
	enum err e = check(vm, at, bytes);

	if (!e)
		memcpy(to, vm->memory + at.v, bytes);
	return e;
}
