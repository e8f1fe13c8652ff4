/* SPDX-License-Identifier: MIT */
/* prov_assoc.h: the associations, each the product of two providers, filtered where need be. */
#pragma once
#include "provider.h"

extern const struct provider provider_hosted_dependency, provider_hosted_service, provider_service_affects;
extern const struct provider provider_element_capabilities, provider_settings_define, provider_affected_job;
extern const struct provider provider_owning_job, provider_conforms, provider_conforms_host;
extern const struct provider provider_referenced;
