/* SPDX-License-Identifier: MIT */
/* Records of hand-offs as CIM instances. */
#include <string.h>
#include "host/manage.h"
#include "provider.h"

static void text(struct inst *out, const char *name, const char *value)
{
	if (value[0])
		inst_str(out, name, value);
}

static bool record_get(unsigned index, struct inst *out)
{
	static const uint8_t unknown[16];
	struct mig_leftover r;

	if (!manage_record_get(index, &r))
		return false;
	inst_fmt(out, "InstanceID", "Tern:MigrationRecord/%llu", (unsigned long long)r.id);
	if (out->keys_only)
		return true;
	text(out, "ElementName", r.vm);
	inst_str(out, "RecordState", r.state);
	text(out, "VirtualSystemName", r.vm);
	if (memcmp(r.vm_uuid, unknown, sizeof(unknown)))
		inst_uuid(out, "VirtualSystemUUID", r.vm_uuid);
	inst_bool(out, "LeftFromHere", r.source);
	text(out, "PeerName", r.peer_name);
	if (r.peer_ipv4)
		inst_ipv4(out, "PeerAddress", r.peer_ipv4);
	if (r.when_s)
		inst_time(out, "TimeOfRecord", r.when_s * 1000000);
	inst_bool(out, "JobOpen", r.open);
	inst_bool(out, "HoldsVirtualSystem", r.holds);
	return true;
}

const struct provider provider_record = {
	.class = &Tern_MigrationRecord, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.count = manage_record_count, .get = record_get,
};
