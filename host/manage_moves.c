/* SPDX-License-Identifier: MIT */
/* manage_moves.c: manage.h for checks, migrations, their jobs, and what they leave: records, and machines held. */
#include "arch/x86_64/time.h"
#include "host/host.h"
#include "host/manage.h"
#include "host/moves.h"
#include "hv/vm.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "lib/random.h"
#include "migration/service.h"
#include "net/net.h"

/* May machines go where @move says? */
static enum err allowed(const struct mig_move *move, struct why *why)
{
	char address[IPV4_TEXT];

	ipv4_text(move->ipv4, address);
	if (move->ipv4 == net_ipv4()) {
		why_set(why, "destination %s is this host", address);
		return ERR_INVALID;
	}
	if (!config_allows(host_info()->config->destinations, CONFIG_RANGES, move->ipv4)) {
		why_set(why, "%s moves no machines to %s (destinations of [migration] in its tern.conf)",
			host_info()->name, address);
		return ERR_REFUSED;
	}
	return ERR_OK;
}

enum err manage_check_start(const struct mig_move *move, uint32_t *check, struct why *why)
{
	enum err e = allowed(move, why);

	return e == ERR_OK ? mig_check_start(moves_service(), move, check, time_ns(), why) : e;
}

enum err manage_check_poll(uint32_t check, bool *migratable, struct why_list *reasons)
{
	return mig_check_poll(moves_service(), check, migratable, reasons);
}

void manage_check_drop(uint32_t check)
{
	mig_check_drop(moves_service(), check);
}

enum err manage_migrate_start(const struct mig_move *move, uint32_t *job, struct why *why)
{
	enum err e = allowed(move, why);

	if (e == ERR_OK)
		e = mig_migrate_start(moves_service(), move, job, time_ns(), why);
	if (e == ERR_OK && !random_is_strong())
		log_limited(time_ns(), LOG_WARN, "mig",
			    "job %u: random numbers can be guessed on this host: whoever does can end or take over "
			    "this move", *job);
	return e;
}

enum err manage_job_cancel(uint32_t id, struct why *why)
{
	return mig_job_cancel(moves_service(), id, time_ns(), why);
}

enum err manage_job_force(uint32_t id, enum mig_force outcome, bool accept_risk, struct why *why)
{
	return mig_job_force(moves_service(), id, outcome, accept_risk, time_ns(), why);
}

enum err manage_vm_reclaim(const char *name, bool accept_risk, struct why *why)
{
	const struct vm *vm = vm_find(name);

	if (!vm) {
		why_set(why, "there is no VM named %s", name);
		return ERR_NOTFOUND;
	}
	return mig_service_vm_reclaim(moves_service(), vm->uuid, accept_risk, why);
}

unsigned manage_job_count(void)
{
	return mig_job_count(moves_service());
}

const struct mig_job *manage_job_get(unsigned index)
{
	return mig_job_get(moves_service(), index);
}

unsigned manage_record_count(void)
{
	return mig_service_record_count(moves_service());
}

bool manage_record_get(unsigned index, struct mig_leftover *out)
{
	return mig_service_record_get(moves_service(), index, out);
}

enum err manage_record_drop(uint64_t id, bool accept_risk, struct why *why)
{
	return mig_service_record_drop(moves_service(), id, accept_risk, why);
}
