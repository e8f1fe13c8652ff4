/* SPDX-License-Identifier: MIT */
/* The migration service, what it can do, and its default settings as CIM instances. */
#include "provider.h"
#include "host/manage.h"

static bool service_get(unsigned index, struct inst *out)
{
	struct manage_host h;

	(void)index;
	manage_host_get(&h);
	inst_str(out, "SystemCreationClassName", Tern_HostSystem.name);
	inst_str(out, "SystemName", h.name);
	inst_str(out, "CreationClassName", out->class->name);
	inst_str(out, "Name", PROVIDER_SERVICE_NAME);
	if (out->keys_only)
		return true;
	inst_str(out, "ElementName", "Tern virtual system migration service");
	inst_str(out, "Caption", "Virtual system migration");
	inst_bool(out, "Started", true);
	inst_num(out, "EnabledState", h.can_run_vms ? 2 : 6);
	provider_host_state(out, "ready");
	return true;
}

const struct provider provider_service = {
	.class = &Tern_VirtualSystemMigrationService, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.fixed = 1, .get = service_get,
};

static bool capabilities_get(unsigned index, struct inst *out)
{
	(void)index;
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
	.fixed = 1, .get = capabilities_get,
};

/* The default, the limits, then one for each MigrationType that a request may hold, which says nothing else. */
static const struct { const char *id, *name; uint16_t type; } settings[] = {
	[PROVIDER_SETTING_DEFAULT] = { "Tern:MigrationSettingData/Default", "Default migration settings", 2 },
	[PROVIDER_SETTING_MIN]     = { "Tern:MigrationSettingData/Minimums", "Smallest migration settings", 0 },
	[PROVIDER_SETTING_MAX]     = { "Tern:MigrationSettingData/Maximums", "Largest migration settings", 0 },
	[PROVIDER_SETTING_TYPES]   = { "Tern:MigrationSettingData/Live", "Live: runs until the last moment", 2 },
	{ "Tern:MigrationSettingData/Resume", "Resume: stands still while it moves", 3 },
	{ "Tern:MigrationSettingData/Restart", "Restart: powers off, starts there", 4 },
};

static void limits(bool most, struct inst *out)
{
	inst_num(out, "Priority", most ? 65535 : 0);
	inst_num(out, "Bandwidth", most ? 100 : 1);
	inst_str(out, "BandwidthUnit", "percent");
	inst_num(out, "MaxDowntime", most ? MANAGE_DOWNTIME_MAX_MS : 1);
}

static void defaults(struct inst *out)
{
	struct manage_host h;

	manage_host_get(&h);
	inst_num(out, "Priority", 0);
	inst_num(out, "Bandwidth", 0);
	inst_str(out, "BandwidthUnit", "percent");
	inst_num(out, "TransportType", 5);	/* TCP */
	inst_num(out, "Verify", 0);
	inst_num(out, "MaxDowntime", h.max_downtime_ms);
	inst_num(out, "WhenStuck", h.when_stuck);
}

static bool setting_get(unsigned index, struct inst *out)
{
	inst_str(out, "InstanceID", settings[index].id);
	inst_str(out, "ElementName", settings[index].name);
	inst_num(out, "ChangeableType", 0);	/* Not Changeable - Persistent */
	if (settings[index].type)
		inst_num(out, "MigrationType", settings[index].type);
	if (index == PROVIDER_SETTING_DEFAULT)
		defaults(out);
	else if (index < PROVIDER_SETTING_TYPES)
		limits(index == PROVIDER_SETTING_MAX, out);
	return true;
}

const struct provider provider_setting = {
	.class = &Tern_VirtualSystemMigrationSettingData, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.fixed = sizeof(settings) / sizeof(settings[0]), .get = setting_get,
};
