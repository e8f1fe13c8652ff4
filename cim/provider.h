/* SPDX-License-Identifier: MIT */
/* provider.h: which instances exist: one provider for each class that has instances of its own. */
#pragma once
#include <stdbool.h>
#include "inst.h"

enum cim_namespace { CIM_NS_VIRT = 1, CIM_NS_INTEROP = 2 };

/* Two ends of an association that one provider makes. */
struct link {
	const char *a, *b;			/* the reference properties */
	const struct provider *from, *to;	/* what they point to */
	/* NULL: every @from is linked to every @to. */
	bool (*linked)(unsigned from, unsigned to);
	/* Further properties; NULL: none. */
	void (*fill)(struct inst *out, unsigned to);
};

/* Places among the migration settings: default, limits, supported types. */
enum { PROVIDER_SETTING_DEFAULT, PROVIDER_SETTING_MIN, PROVIDER_SETTING_MAX, PROVIDER_SETTING_TYPES };

struct provider {
	const struct cim_class *class;
	unsigned home;				/* namespace in its paths (enum cim_namespace) */
	unsigned visible;			/* namespaces whose enumerations show it */
	/* Instance numbers are below provider_count: count() or @fixed. get fills an initialised @out and returns false
	 * for a number that is not in use. An association has @link instead: a number for each pair of instances. */
	unsigned (*count)(void);
	unsigned fixed;
	bool (*get)(unsigned index, struct inst *out);
	const struct link *link;
};

extern const struct provider provider_host, provider_vm, provider_service, provider_capabilities;
extern const struct provider provider_setting, provider_job, provider_profile, provider_namespace;
extern const struct provider provider_manager, provider_record;

#define PROVIDER_SERVICE_NAME	"MigrationService"

/* All providers, those of associations last; NULL at the end. */
const struct provider *provider_at(unsigned n);
unsigned provider_count(const struct provider *p);
/* The state of this host, which is that of its service too: @ready, or why it can't run virtual systems. */
void provider_host_state(struct inst *out, const char *ready);
/* Initialises @out and fills it; false (and nothing to free) if there is no such instance. */
bool provider_get(struct obj o, bool keys_only, struct inst *out);
/* Numbers of the registered profiles. */
enum { PROFILE_MIGRATION, PROFILE_VIRTUALIZATION, PROFILES };
