/* SPDX-License-Identifier: MIT */
#include "host/host.h"
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/virt.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/uuid.h"

static struct host_info info;

const struct host_info *host_info(void)
{
	return &info;
}

static void turn_on(void)
{
	(void)virt_cpu_on();
}

static void start_virt(void)
{
	static struct why_list missing;
	uint32_t late;

	info.can_run_vms = virt_init(&missing) && virt_cpu_on();
	if (info.can_run_vms) {
		late = smp_on_others(turn_on);
		if (late)
			why_add(&info.limits, "%u processors were late to turn %s on", late, virt_name());
		return;
	}
	for (unsigned i = 0; i < missing.count && i < WHY_MAX; i++)
		log_error("virt", "missing: %s", missing.why[i].text);
	if (missing.count)
		fmt(info.why_not, sizeof(info.why_not), "%s", missing.why[0].text);
	else
		fmt(info.why_not, sizeof(info.why_not), "the boot CPU could not turn %s on", virt_name());
	log_warn("virt", "this host can't run VMs; management and network go on");
}

/* Each was logged as it was found. */
static void note_limits(const struct boot_info *boot)
{
	const uint64_t processors = (uint64_t)boot->processors + boot->processors_more;

	for (unsigned i = 0; i < MEMORY_UNUSED_COUNT; i++) {
		const uint64_t bytes = boot->memory.unused[i];

		info.unused_bytes += bytes;
		if (bytes && i != MEMORY_LOW)
			why_add(&info.limits, "%llu KiB of memory are not used: %s", (unsigned long long)(bytes >> 10),
				memory_unused_text((enum memory_unused)i));
	}
	info.unused_cpus = processors > cpu_count ? (uint32_t)(processors - cpu_count) : 0;
	if (info.unused_cpus)
		why_add(&info.limits, "%u of %llu processors are not used: %s", info.unused_cpus,
			(unsigned long long)processors, boot->processors_more ? "Tern has no places for more" :
			"they did not start, or were not found");
	if (!random_is_strong())
		why_add(&info.limits, "random numbers can be guessed here (no RDSEED, no RDRAND, none of the "
			"firmware's): ids of moves are no secret");
}

void host_init(const struct boot_info *boot)
{
	static const enum dirty_kind tracker[] = {
		[CONFIG_TRACKER_AUTO] = DIRTY_AUTO, [CONFIG_TRACKER_WRITE_PROTECT] = DIRTY_WRITE_PROTECT,
		[CONFIG_TRACKER_AD] = DIRTY_AD, [CONFIG_TRACKER_PML] = DIRTY_PML,
	};
	static const enum mig_stuck stuck[] = {
		[CONFIG_STUCK_STOP] = MIG_STUCK_STOP, [CONFIG_STUCK_FAIL] = MIG_STUCK_FAIL,
		[CONFIG_STUCK_THROTTLE] = MIG_STUCK_THROTTLE,
	};
	const struct config *config = &boot->config;

	memset(&info, 0, sizeof(info));
	info.config = config;
	info.tracker = tracker[config->tracker];
	info.stuck = stuck[config->when_stuck];
	note_limits(boot);
	fmt(info.name, sizeof(info.name), "%s", config->host_name);
	random_bytes(info.boot_id, sizeof(info.boot_id));
	if (uuid_parse(config->host_uuid, info.uuid) != ERR_OK)
		uuid_derive((const uint8_t[16]){ 0 }, config->host_name, info.uuid);
	start_virt();
}
