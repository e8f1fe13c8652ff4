/* SPDX-License-Identifier: MIT */
/* Schema: classes of the interop namespace. */
#include "schema.h"
#include "schema_macros.h"

static const struct cim_field registered_specification_props[] = {
	VALS(UINT16, SpecificationType, 0, NULL,
		"2=Profile"),
	PROP(STRING, OtherSpecificationType, 0),
	VALS(UINT16, RegisteredOrganization, REQUIRED, NULL,
		"1=Other;2=DMTF;3=CompTIA;4=Consortium for Service Innovation;5=FAST;6=GGF;"
		"7=INTAP;8=itSMF;9=NAC;10=Northwest Energy Efficiency Alliance;11=SNIA;"
		"12=TM Forum;13=The Open Group;14=ANSI;15=IEEE;16=IETF;17=INCITS;18=ISO;19=W3C;"
		"20=OGF;21=The Green Grid;..=DMTF Reserved"),
	PROP(STRING, OtherRegisteredOrganization, 0),
	PROP(STRING, RegisteredName, REQUIRED),
	PROP(STRING, RegisteredVersion, REQUIRED),
	VALS(UINT16, AdvertiseTypes, REQUIRED|ARRAY, NULL,
		"1=Other;2=Not Advertised;3=SLP;4=WS-Identify"),
	PROP(STRING, AdvertiseTypeDescriptions, ARRAY),
	PROP(STRING, InstanceID, KEY),
	END
};

CLASS(CIM_RegisteredSpecification, &CIM_ManagedElement, "2.39.0", ABSTRACT, registered_specification_props, NULL);

static const struct cim_field registered_profile_props[] = {
	PROP(STRING, ImplementedFeatures, ARRAY),
	END
};

CLASS(CIM_RegisteredProfile, &CIM_RegisteredSpecification, "2.39.0", 0, registered_profile_props, NULL);

static const struct cim_field namespace_props[] = {
	PROP(STRING, SystemCreationClassName, KEY),
	PROP(STRING, SystemName, KEY),
	PROP(STRING, ObjectManagerCreationClassName, KEY),
	PROP(STRING, ObjectManagerName, KEY),
	PROP(STRING, CreationClassName, KEY),
	PROP(STRING, Name, KEY),
	VALS(UINT16, ClassInfo, REQUIRED|WRITE, NULL,
		"0=Unknown;1=Other;2=CIM 1.0;3=CIM 2.0;4=CIM 2.1;5=CIM 2.2;6=CIM 2.3;7=CIM 2.4;"
		"8=CIM 2.5;9=CIM 2.6;10=CIM 2.7;11=CIM 2.8;200=DMI Recast;201=SNMP Recast;"
		"202=CMIP Recast"),
	PROP(STRING, DescriptionOfClassInfo, WRITE),
	VALS(UINT16, ClassType, WRITE, NULL,
		"0=Unknown;1=Other;2=CIM;200=DMI Recast;201=SNMP Recast;202=CMIP Recast"),
	PROP(STRING, ClassTypeVersion, WRITE),
	PROP(STRING, DescriptionOfClassType, WRITE),
	END
};

CLASS(CIM_Namespace, &CIM_ManagedElement, "2.39.0", 0, namespace_props, NULL);

CLASS(CIM_WBEMService, &CIM_Service, "2.39.0", ABSTRACT, NULL, NULL);

static const struct cim_field object_manager_props[] = {
	INIT(BOOLEAN, GatherStatisticalData, WRITE, "TRUE"),
	END
};

CLASS(CIM_ObjectManager, &CIM_WBEMService, "2.39.0", 0, object_manager_props, NULL);
