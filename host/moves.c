/* SPDX-License-Identifier: MIT */
#include "host/moves.h"
#include "arch/x86_64/time.h"
#include "host/moves_host.h"
#include "hv/vm_guest.h"
#include "lib/log.h"
#include "migration/service.h"

static struct mig_service *service;

void moves_init(void)
{
	static struct mig_host host;

	moves_host_get(&host);
	service = mig_service_create(&host);
	if (!service)
		panic("no memory for the migration service");
}

struct mig_service *moves_service(void)
{
	return service;
}

void moves_accept(struct channel *ch)
{
	mig_service_accept(service, ch, time_ns());
}

bool moves_step(uint64_t now_ns, uint64_t *deadline_ns)
{
	bool more = false;

	*deadline_ns = mig_service_step(service, now_ns, &more);
	return more;
}

bool moves_stand(void)
{
	return mig_service_stands(service);
}

void moves_vm_gone(struct vm *vm)
{
	struct why why;

	why_set(&why, "%s is %s: %s", vm->name, vm_state_name(vm->state), vm->why.text);
	if (mig_service_guest_gone(service, vm_guest(vm), why.text, time_ns()) != ERR_OK)
		log_error("mig", "%s stopped by itself after it was frozen for its hand-off", vm->name);
	vm_guest_ended(vm);
}

enum moves_vm moves_vm_state(const char *name)
{
	const struct mig_job *j = mig_job_open(service, name);

	return !j ? MOVES_VM_STAYS : j->in_doubt ? MOVES_VM_IN_DOUBT : MOVES_VM_LEAVING;
}

bool moves_vm_held(const struct vm *vm, struct why *why)
{
	return mig_service_vm_held(service, vm->uuid, why);
}

bool moves_knows_peers(void)
{
	return mig_service_knows_peers(service);
}

enum err moves_vm_seek(const struct vm *vm, uint64_t now_ns, struct why *why)
{
	return mig_service_vm_seek(service, vm->uuid, vm->name, now_ns, why);
}

enum err moves_vm_claim(const struct vm *vm, struct why *why)
{
	return mig_service_vm_claim(service, vm->uuid, time_ns(), why);
}

bool moves_vm_away(const uint8_t uuid[16])
{
	return mig_service_vm_away(service, uuid);
}

bool moves_vm_awaits_off(const struct vm *vm)
{
	return mig_service_guest_awaits_off(service, vm_guest((struct vm *)(uintptr_t)vm));
}

bool moves_peer(const uint8_t uuid[16], uint32_t *ipv4)
{
	return mig_service_peer(service, uuid, ipv4);
}

uint32_t moves_vm_job(const char *name)
{
	const struct mig_job *j = mig_job_open(service, name);

	return j ? j->id : 0;
}
