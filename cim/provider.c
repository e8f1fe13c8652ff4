/* SPDX-License-Identifier: MIT */
#include "provider.h"
#include "prov_assoc.h"

static const struct provider *const provider[] = {
	&provider_host, &provider_vm, &provider_service, &provider_capabilities, &provider_setting, &provider_job,
	&provider_record, &provider_profile, &provider_namespace, &provider_manager,
};
enum { OBJECTS = sizeof(provider) / sizeof(provider[0]) };

const struct provider *provider_at(unsigned n)
{
	return n < OBJECTS ? provider[n] : link_at(n - OBJECTS);
}

unsigned provider_count(const struct provider *p)
{
	if (p->link)
		return provider_count(p->link->from) * provider_count(p->link->to);
	return p->count ? p->count() : p->fixed;
}

bool provider_get(struct obj o, bool keys_only, struct inst *out)
{
	if (o.index >= provider_count(o.provider))
		return false;
	inst_init(out, o.provider->class, keys_only);
	if (o.provider->link ? link_get(o.provider->link, o.index, out) : o.provider->get(o.index, out))
		return true;
	inst_fini(out);
	return false;
}
