/* SPDX-License-Identifier: MIT */
/* The migration service, what it can do, and its default settings as CIM instances. */
#include "provider.h"
#include "host/manage.h"

static unsigned one(const struct provider *p)
{
	(void)p;
	return 1;
}

static bool service_get(const struct provider *p, unsigned index, struct inst *out)
{
	struct manage_host h;

	(void)index;
	manage_host_get(&h);
	inst_str(out, "SystemCreationClassName", Tern_HostSystem.name);
	inst_str(out, "SystemName", h.name);
	inst_str(out, "CreationClassName", p->class->name);
	inst_str(out, "Name", PROVIDER_SERVICE_NAME);
	if (out->keys_only)
		return true;
	inst_str(out, "ElementName", "Tern virtual system migration service");
	inst_str(out, "Caption", "Virtual system migration");
	inst_bool(out, "Started", true);
	inst_num(out, "EnabledState", h.can_run_vms ? 2 : 6);
	inst_num(out, "RequestedState", 12);
	inst_num(out, "TransitioningToState", 12);
	inst_array(out, "OperationalStatus");
	inst_item_num(out, h.can_run_vms ? 2 : 3);
	inst_array(out, "StatusDescriptions");
	inst_item_str(out, h.can_run_vms ? "ready" : h.why_not);
	inst_num(out, "HealthState", h.can_run_vms ? 5 : 10);
	inst_bool(out, "RecordsKept", h.records_kept);
	inst_str(out, "RecordsStatus", h.records);
	return true;
}

const struct provider provider_service = {
	.class = &Tern_VirtualSystemMigrationService, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.count = one, .get = service_get,
};

static bool capabilities_get(const struct provider *p, unsigned index, struct inst *out)
{
	(void)p, (void)index;
	inst_str(out, "InstanceID", "Tern:MigrationCapabilities");
	inst_str(out, "ElementName", "Migration capabilities");
	inst_array(out, "SynchronousMethodsSupported");
	inst_item_num(out, 4);		/* both checks */
	inst_item_num(out, 5);
	inst_array(out, "AsynchronousMethodsSupported");
	inst_item_num(out, 2);		/* both moves */
	inst_item_num(out, 3);
	inst_array(out, "DestinationHostFormatsSupported");
	inst_item_num(out, 3);		/* IPv4 dotted decimal */
	return true;
}

const struct provider provider_capabilities = {
	.class = &Tern_VirtualSystemMigrationCapabilities, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.count = one, .get = capabilities_get,
};

/* Values of MigrationType that a request may hold. */
static const struct { const char *id, *name; uint16_t type; } types[] = {
	{ "Tern:MigrationSettingData/Live",    "Live: runs until the last moment", 2 },
	{ "Tern:MigrationSettingData/Resume",  "Resume: stands still while it moves", 3 },
	{ "Tern:MigrationSettingData/Restart", "Restart: powers off, starts there", 4 },
};

static unsigned settings(const struct provider *p)
{
	(void)p;
	return PROVIDER_SETTING_TYPES + sizeof(types) / sizeof(types[0]);
}

/* What may be asked for at least and at most. */
static void limits_get(bool most, struct inst *out)
{
	inst_str(out, "InstanceID", most ? "Tern:MigrationSettingData/Maximums" : "Tern:MigrationSettingData/Minimums");
	inst_str(out, "ElementName", most ? "Largest migration settings" : "Smallest migration settings");
	inst_num(out, "Priority", most ? 65535 : 0);
	inst_num(out, "Bandwidth", most ? 100 : 1);
	inst_str(out, "BandwidthUnit", "percent");
	inst_num(out, "MaxDowntime", most ? MANAGE_DOWNTIME_MAX_MS : 1);
	inst_num(out, "ChangeableType", 0);	/* Not Changeable - Persistent */
}

/* The default, the limits, then one for each supported MigrationType that holds nothing else. */
static bool setting_get(const struct provider *p, unsigned index, struct inst *out)
{
	struct manage_host h;

	(void)p;
	if (index == PROVIDER_SETTING_MIN || index == PROVIDER_SETTING_MAX) {
		limits_get(index == PROVIDER_SETTING_MAX, out);
		return true;
	}
	if (index) {
		const unsigned n = index - PROVIDER_SETTING_TYPES;

		inst_str(out, "InstanceID", types[n].id);
		inst_str(out, "ElementName", types[n].name);
		inst_num(out, "MigrationType", types[n].type);
		inst_num(out, "ChangeableType", 0);	/* Not Changeable - Persistent */
		return true;
	}
	inst_str(out, "InstanceID", "Tern:MigrationSettingData/Default");
	inst_str(out, "ElementName", "Default migration settings");
	inst_num(out, "MigrationType", 2);	/* Live */
	inst_num(out, "Priority", 0);
	inst_num(out, "Bandwidth", 0);
	inst_str(out, "BandwidthUnit", "percent");
	inst_num(out, "TransportType", 5);	/* TCP */
	inst_num(out, "ChangeableType", 0);	/* Not Changeable - Persistent */
	inst_num(out, "Verify", 0);
	manage_host_get(&h);
	inst_num(out, "MaxDowntime", h.max_downtime_ms);
	inst_num(out, "WhenStuck", h.when_stuck);
	return true;
}

const struct provider provider_setting = {
	.class = &Tern_VirtualSystemMigrationSettingData, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.count = settings, .get = setting_get,
};
