/* SPDX-License-Identifier: MIT */
/* Schema: associations. */
#include "schema.h"
#include "schema_macros.h"

static const struct cim_field dependency_props[] = {
	REF(CIM_ManagedElement, Antecedent, KEY), REF(CIM_ManagedElement, Dependent, KEY), END
};

CLASS(CIM_Dependency, NULL, "2.6.0", ABSTRACT|ASSOCIATION, dependency_props, NULL);

CLASS(CIM_HostedDependency, &CIM_Dependency, "2.8.0", ASSOCIATION, NULL, NULL);

static const struct cim_field hosted_service_props[] = {
	REF(CIM_System, Antecedent, KEY), REF(CIM_Service, Dependent, KEY), END
};

CLASS(CIM_HostedService, &CIM_HostedDependency, "2.10.0", ASSOCIATION, hosted_service_props, NULL);

static const struct cim_field service_affects_element_props[] = {
	REF(CIM_ManagedElement, AffectedElement, KEY),
	REF(CIM_Service, AffectingElement, KEY),
	VALS(UINT16, ElementEffects, ARRAY, NULL,
		"0=Unknown;1=Other;2=Exclusive Use;3=Performance Impact;4=Element Integrity;"
		"5=Manages;6=Consumes;7=Enhances Integrity;8=Degrades Integrity;"
		"9=Enhances Performance;10=Degrades Performance;..=DMTF Reserved;"
		"0x8000..0xFFFF=Vendor Reserved"),
	PROP(STRING, OtherElementEffectsDescriptions, ARRAY),
	PROP(UINT16, AssignedSequence, 0),
	END
};

CLASS(CIM_ServiceAffectsElement, NULL, "2.16.0", ASSOCIATION, service_affects_element_props, NULL);

static const struct cim_field element_capabilities_props[] = {
	REF(CIM_ManagedElement, ManagedElement, KEY),
	REF(CIM_Capabilities, Capabilities, KEY),
	VALS(UINT16, Characteristics, ARRAY, NULL,
		"2=Default;3=Current;..=DMTF Reserved;32768..65535=Vendor Specific"),
	END
};

CLASS(CIM_ElementCapabilities, NULL, "2.24.0", ASSOCIATION, element_capabilities_props, NULL);

static const struct cim_field component_props[] = {
	REF(CIM_ManagedElement, GroupComponent, KEY), REF(CIM_ManagedElement, PartComponent, KEY), END
};

CLASS(CIM_Component, NULL, "2.7.0", ABSTRACT|AGGREGATION|ASSOCIATION, component_props, NULL);

static const struct cim_field settings_define_capabilities_props[] = {
	VALS(UINT16, PropertyPolicy, REQUIRED, "0",
		"0=Independent;1=Correlated;..=DMTF Reserved"),
	VALS(UINT16, ValueRole, 0, "3",
		"0=Default;1=Optimal;2=Mean;3=Supported;..=DMTF Reserved"),
	VALS(UINT16, ValueRange, 0, "0",
		"0=Point;1=Minimums;2=Maximums;3=Increments;..=DMTF Reserved"),
	REF(CIM_Capabilities, GroupComponent, KEY),
	REF(CIM_SettingData, PartComponent, KEY),
	END
};

CLASS(CIM_SettingsDefineCapabilities, &CIM_Component, "2.22.1", AGGREGATION|ASSOCIATION,
      settings_define_capabilities_props, NULL);

static const struct cim_field affected_job_element_props[] = {
	REF(CIM_ManagedElement, AffectedElement, KEY),
	REF(CIM_Job, AffectingElement, KEY),
	VALS(UINT16, ElementEffects, ARRAY, NULL,
		"0=Unknown;1=Other;2=Exclusive Use;3=Performance Impact;4=Element Integrity;"
		"5=Create"),
	PROP(STRING, OtherElementEffectsDescriptions, ARRAY),
	END
};

CLASS(CIM_AffectedJobElement, NULL, "2.15.0", ASSOCIATION, affected_job_element_props, NULL);

static const struct cim_field owning_job_element_props[] = {
	REF(CIM_ManagedElement, OwningElement, KEY), REF(CIM_Job, OwnedElement, KEY), END
};

CLASS(CIM_OwningJobElement, NULL, "2.7.0", ASSOCIATION, owning_job_element_props, NULL);

static const struct cim_field element_conforms_to_profile_props[] = {
	REF(CIM_RegisteredProfile, ConformantStandard, KEY), REF(CIM_ManagedElement, ManagedElement, KEY), END
};

CLASS(CIM_ElementConformsToProfile, NULL, "2.8.0", ASSOCIATION, element_conforms_to_profile_props, NULL);

static const struct cim_field referenced_specification_props[] = {
	REF(CIM_RegisteredSpecification, Antecedent, KEY), REF(CIM_RegisteredSpecification, Dependent, KEY), END
};

CLASS(CIM_ReferencedSpecification, &CIM_Dependency, "2.37.0", ABSTRACT|ASSOCIATION,
      referenced_specification_props, NULL);

static const struct cim_field referenced_profile_props[] = {
	REF(CIM_RegisteredProfile, Antecedent, KEY), REF(CIM_RegisteredProfile, Dependent, KEY), END
};

CLASS(CIM_ReferencedProfile, &CIM_ReferencedSpecification, "2.37.0", ASSOCIATION, referenced_profile_props, NULL);
