/* SPDX-License-Identifier: MIT */
#include "init/host.h"
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

static void vmx_on(void)
{
	(void)virt_cpu_on();
}

static void start_vmx(void)
{
	static struct why_list missing;

	info.can_run_vms = virt_init(&missing) && virt_cpu_on();
	if (info.can_run_vms) {
		smp_on_others(vmx_on);
		return;
	}
	for (unsigned i = 0; i < missing.count && i < WHY_MAX; i++)
		log_error("vmx", "missing: %s", missing.why[i].text);
	fmt(info.why_not, sizeof(info.why_not), "%s", missing.count ? missing.why[0].text : "VMXON failed on the boot CPU");
	log_warn("vmx", "this host can't run VMs; management and network go on");
}

void host_init(const struct config *config)
{
	info.config = config;
	fmt(info.name, sizeof(info.name), "%s", config->host_name);
	random_bytes(info.boot_id, sizeof(info.boot_id));
	if (uuid_parse(config->host_uuid, info.uuid) != ERR_OK)
		uuid_derive((const uint8_t[16]){ 0 }, config->host_name, info.uuid);
	start_vmx();
}
