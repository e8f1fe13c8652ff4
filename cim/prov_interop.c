/* SPDX-License-Identifier: MIT */
/* What a generic client looks for first, in the interop namespace: profiles, namespaces, the object manager. */
#include "provider.h"
#include "host/manage.h"
#include "path.h"

static const struct { const char *id, *name, *version; } profiles[PROFILES] = {
	[PROFILE_MIGRATION]      = { "Tern:DSP1081-VirtualSystemMigration-1.0.0", "Virtual System Migration", "1.0.0" },
	[PROFILE_VIRTUALIZATION] = { "Tern:DSP1042-SystemVirtualization-1.0.0", "System Virtualization", "1.0.0" },
};

static bool profile_get(unsigned index, struct inst *out)
{
	inst_str(out, "InstanceID", profiles[index].id);
	inst_num(out, "RegisteredOrganization", 2);	/* DMTF */
	inst_str(out, "RegisteredName", profiles[index].name);
	inst_str(out, "RegisteredVersion", profiles[index].version);
	inst_num(out, "SpecificationType", 2);
	inst_array(out, "AdvertiseTypes");
	inst_item_num(out, 2);				/* Not Advertised */
	inst_str(out, "ElementName", profiles[index].name);
	return true;
}

const struct provider provider_profile = {
	.class = &CIM_RegisteredProfile, .home = CIM_NS_INTEROP, .visible = CIM_NS_INTEROP,
	.fixed = PROFILES, .get = profile_get,
};

/* Each namespace once, whatever other names it has. */
static const unsigned namespaces[] = { CIM_NS_VIRT, CIM_NS_INTEROP };

static void of_manager(struct inst *out, const char *class_key, const char *name_key)
{
	struct manage_host h;

	manage_host_get(&h);
	inst_str(out, "SystemCreationClassName", Tern_HostSystem.name);
	inst_str(out, "SystemName", h.name);
	inst_str(out, class_key, CIM_ObjectManager.name);
	inst_fmt(out, name_key, "Tern:%s", h.uuid);
}

static bool namespace_get(unsigned index, struct inst *out)
{
	const char *name = namespace_asked(namespaces[index]);

	of_manager(out, "ObjectManagerCreationClassName", "ObjectManagerName");
	inst_str(out, "CreationClassName", out->class->name);
	inst_str(out, "Name", name);
	inst_num(out, "ClassInfo", 0);
	inst_str(out, "ElementName", name);
	return true;
}

const struct provider provider_namespace = {
	.class = &CIM_Namespace, .home = CIM_NS_INTEROP, .visible = CIM_NS_INTEROP,
	.fixed = sizeof(namespaces) / sizeof(namespaces[0]), .get = namespace_get,
};

static bool manager_get(unsigned index, struct inst *out)
{
	struct manage_host h;

	(void)index;
	of_manager(out, "CreationClassName", "Name");
	manage_host_get(&h);
	inst_str(out, "ElementName", "Tern");
	inst_fmt(out, "Description", "Tern %s", h.version);
	inst_bool(out, "Started", true);
	inst_num(out, "EnabledState", 2);
	inst_array(out, "OperationalStatus");
	inst_item_num(out, 2);
	inst_bool(out, "GatherStatisticalData", false);
	return true;
}

const struct provider provider_manager = {
	.class = &CIM_ObjectManager, .home = CIM_NS_INTEROP, .visible = CIM_NS_INTEROP, .fixed = 1, .get = manager_get,
};
