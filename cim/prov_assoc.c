/* SPDX-License-Identifier: MIT */
#include "prov_assoc.h"
#include <string.h>
#include "host/manage.h"

bool link_get(const struct link *l, unsigned index, struct inst *out)
{
	unsigned width = provider_count(l->to), from = index / width, to = index % width;

	if (l->linked && !l->linked(from, to))
		return false;
	inst_ref(out, l->a, (struct obj){ l->from, from });
	inst_ref(out, l->b, (struct obj){ l->to, to });
	if (l->fill && !out->keys_only)
		l->fill(out, to);
	return true;
}

static void fill_manages(struct inst *out, unsigned to)
{
	(void)to;
	inst_array(out, "ElementEffects");
	inst_item_num(out, 5);		/* Manages */
}

static void fill_current(struct inst *out, unsigned to)
{
	(void)to;
	inst_array(out, "Characteristics");
	inst_item_num(out, 2);		/* Default */
	inst_item_num(out, 3);		/* Current */
}

/* The first setting is the default, two are limits, the others are what may be asked for in its place. */
static void fill_point(struct inst *out, unsigned to)
{
	inst_num(out, "PropertyPolicy", 0);	/* Independent */
	inst_num(out, "ValueRole", to ? 3 : 0);	/* Supported, Default */
	/* Minimums, Maximums, Point */
	inst_num(out, "ValueRange", to == PROVIDER_SETTING_MIN ? 1 : to == PROVIDER_SETTING_MAX ? 2 : 0);
}

static void fill_exclusive(struct inst *out, unsigned to)
{
	(void)to;
	inst_array(out, "ElementEffects");
	inst_item_num(out, 2);		/* Exclusive Use */
	inst_item_num(out, 3);		/* Performance Impact */
}

static bool job_moves_vm(unsigned vm, unsigned job)
{
	const struct mig_job *j = manage_job_get(job);
	struct manage_vm v;

	return j && manage_vm_get(vm, &v) && !strcmp(j->vm, v.name);
}

static bool profile_covers_service(unsigned profile, unsigned service)
{
	return profile == PROFILE_MIGRATION && service == 0;
}

static bool profile_covers_host(unsigned profile, unsigned host)
{
	return profile == PROFILE_VIRTUALIZATION && host == 0;
}

static bool component_of(unsigned antecedent, unsigned dependent)
{
	return antecedent == PROFILE_MIGRATION && dependent == PROFILE_VIRTUALIZATION;
}

#define LINK(cls, where, seen, a_, from_, b_, to_, linked_, fill_)					\
	{ .class = &cls, .home = where, .visible = seen, .link = &(const struct link){ .a = a_, .b = b_,	\
	  .from = &provider_##from_, .to = &provider_##to_, .linked = linked_, .fill = fill_ } }

#define VIRT	CIM_NS_VIRT
#define INTEROP	CIM_NS_INTEROP
#define BOTH	(CIM_NS_VIRT | CIM_NS_INTEROP)

static const struct provider provider_link[] = {
	LINK(CIM_HostedDependency, VIRT, VIRT, "Antecedent", host, "Dependent", vm, NULL, NULL),
	LINK(CIM_HostedService, VIRT, VIRT, "Antecedent", host, "Dependent", service, NULL, NULL),
	LINK(CIM_ServiceAffectsElement, VIRT, VIRT, "AffectedElement", vm, "AffectingElement", service, NULL,
	     fill_manages),
	LINK(CIM_ElementCapabilities, VIRT, VIRT, "ManagedElement", service, "Capabilities", capabilities, NULL,
	     fill_current),
	LINK(CIM_SettingsDefineCapabilities, VIRT, VIRT, "GroupComponent", capabilities, "PartComponent", setting, NULL,
	     fill_point),
	LINK(CIM_AffectedJobElement, VIRT, VIRT, "AffectedElement", vm, "AffectingElement", job, job_moves_vm,
	     fill_exclusive),
	LINK(CIM_OwningJobElement, VIRT, VIRT, "OwningElement", service, "OwnedElement", job, NULL, NULL),
	LINK(CIM_ElementConformsToProfile, INTEROP, BOTH, "ConformantStandard", profile, "ManagedElement", service,
	     profile_covers_service, NULL),
	LINK(CIM_ElementConformsToProfile, INTEROP, BOTH, "ConformantStandard", profile, "ManagedElement", host,
	     profile_covers_host, NULL),
	LINK(CIM_ReferencedProfile, INTEROP, BOTH, "Antecedent", profile, "Dependent", profile, component_of, NULL),
};

const struct provider *link_at(unsigned n)
{
	return n < sizeof(provider_link) / sizeof(provider_link[0]) ? &provider_link[n] : NULL;
}
