/* SPDX-License-Identifier: MIT */
/* Schema: the DMTF core and system classes (CIM 2.41). */
#include "schema.h"
#include "schema_macros.h"

static const struct cim_field managed_element_props[] = {
	PROP(STRING, InstanceID, 0),
	PROP(STRING, Caption, 0),
	PROP(STRING, Description, 0),
	PROP(STRING, ElementName, 0),
	PROP(UINT64, Generation, 0),
	END
};

CLASS(CIM_ManagedElement, NULL, "2.19.0", ABSTRACT, managed_element_props, NULL);

static const struct cim_field managed_system_element_props[] = {
	PROP(STRING, Name, 0),
	PROP(DATETIME, InstallDate, 0),
	VALS(UINT16, OperationalStatus, ARRAY, NULL,
		"0=Unknown;1=Other;2=OK;3=Degraded;4=Stressed;5=Predictive Failure;6=Error;"
		"7=Non-Recoverable Error;8=Starting;9=Stopping;10=Stopped;11=In Service;"
		"12=No Contact;13=Lost Communication;14=Aborted;15=Dormant;"
		"16=Supporting Entity in Error;17=Completed;18=Power Mode;19=Relocating;"
		"..=DMTF Reserved;0x8000..=Vendor Reserved"),
	PROP(STRING, StatusDescriptions, ARRAY),
	PROP(STRING, Status, 0),
	VALS(UINT16, HealthState, 0, NULL,
		"0=Unknown;5=OK;10=Degraded/Warning;15=Minor failure;20=Major failure;"
		"25=Critical failure;30=Non-recoverable error;..=DMTF Reserved;"
		"32768..65535=Vendor Specific"),
	VALS(UINT16, CommunicationStatus, 0, NULL,
		"0=Unknown;1=Not Available;2=Communication OK;3=Lost Communication;"
		"4=No Contact;..=DMTF Reserved;0x8000..=Vendor Reserved"),
	VALS(UINT16, DetailedStatus, 0, NULL,
		"0=Not Available;1=No Additional Information;2=Stressed;3=Predictive Failure;"
		"4=Non-Recoverable Error;5=Supporting Entity in Error;..=DMTF Reserved;"
		"0x8000..=Vendor Reserved"),
	VALS(UINT16, OperatingStatus, 0, NULL,
		"0=Unknown;1=Not Available;2=Servicing;3=Starting;4=Stopping;5=Stopped;"
		"6=Aborted;7=Dormant;8=Completed;9=Migrating;10=Emigrating;11=Immigrating;"
		"12=Snapshotting;13=Shutting Down;14=In Test;15=Transitioning;16=In Service;"
		"..=DMTF Reserved;0x8000..=Vendor Reserved"),
	VALS(UINT16, PrimaryStatus, 0, NULL,
		"0=Unknown;1=OK;2=Degraded;3=Error;..=DMTF Reserved;0x8000..=Vendor Reserved"),
	END
};

CLASS(CIM_ManagedSystemElement, &CIM_ManagedElement, "2.28.0", ABSTRACT, managed_system_element_props, NULL);

CLASS(CIM_LogicalElement, &CIM_ManagedSystemElement, "2.6.0", ABSTRACT, NULL, NULL);

static const struct cim_field enabled_logical_element_props[] = {
	VALS(UINT16, EnabledState, 0, "5",
		"0=Unknown;1=Other;2=Enabled;3=Disabled;4=Shutting Down;5=Not Applicable;"
		"6=Enabled but Offline;7=In Test;8=Deferred;9=Quiesce;10=Starting;"
		"11..32767=DMTF Reserved;32768..65535=Vendor Reserved"),
	PROP(STRING, OtherEnabledState, 0),
	VALS(UINT16, RequestedState, 0, "12",
		"0=Unknown;2=Enabled;3=Disabled;4=Shut Down;5=No Change;6=Offline;7=Test;"
		"8=Deferred;9=Quiesce;10=Reboot;11=Reset;12=Not Applicable;..=DMTF Reserved;"
		"32768..65535=Vendor Reserved"),
	VALS(UINT16, EnabledDefault, WRITE, "2",
		"2=Enabled;3=Disabled;5=Not Applicable;6=Enabled but Offline;7=No Default;"
		"9=Quiesce;..=DMTF Reserved;32768..65535=Vendor Reserved"),
	PROP(DATETIME, TimeOfLastStateChange, 0),
	VALS(UINT16, AvailableRequestedStates, ARRAY, NULL,
		"2=Enabled;3=Disabled;4=Shut Down;6=Offline;7=Test;8=Defer;9=Quiesce;10=Reboot;"
		"11=Reset;..=DMTF Reserved"),
	VALS(UINT16, TransitioningToState, 0, "12",
		"0=Unknown;2=Enabled;3=Disabled;4=Shut Down;5=No Change;6=Offline;7=Test;"
		"8=Defer;9=Quiesce;10=Reboot;11=Reset;12=Not Applicable;..=DMTF Reserved"),
	END
};

static const struct cim_field enabled_logical_element_request_state_change[] = {
	VALS(UINT16, RequestedState, IN, NULL, cim_map_requested_state),
	REF(CIM_ConcreteJob, Job, OUT),
	PROP(DATETIME, TimeoutPeriod, IN),
	END
};

static const struct cim_method enabled_logical_element_methods[] = {
	{ "RequestStateChange", CIM_UINT32, cim_map_return_state, enabled_logical_element_request_state_change },
	{ NULL, 0, NULL, NULL }
};

CLASS(CIM_EnabledLogicalElement, &CIM_LogicalElement, "2.22.0", ABSTRACT,
      enabled_logical_element_props, enabled_logical_element_methods);

static const struct cim_field system_props[] = {
	PROP(STRING, NameFormat, 0),
	PROP(STRING, CreationClassName, KEY),
	PROP(STRING, PrimaryOwnerName, WRITE),
	PROP(STRING, PrimaryOwnerContact, WRITE),
	PROP(STRING, Roles, WRITE|ARRAY),
	PROP(STRING, OtherIdentifyingInfo, ARRAY),
	PROP(STRING, IdentifyingDescriptions, ARRAY),
	PROP(STRING, Name, KEY),
	END
};

CLASS(CIM_System, &CIM_EnabledLogicalElement, "2.15.0", ABSTRACT, system_props, NULL);

static const struct cim_field computer_system_props[] = {
	VALS(UINT16, Dedicated, ARRAY, NULL,
		"0=Not Dedicated;1=Unknown;2=Other;3=Storage;4=Router;5=Switch;"
		"6=Layer 3 Switch;7=Central Office Switch;8=Hub;9=Access Server;10=Firewall;"
		"11=Print;12=I/O;13=Web Caching;14=Management;15=Block Server;16=File Server;"
		"17=Mobile User Device;18=Repeater;19=Bridge/Extender;20=Gateway;"
		"21=Storage Virtualizer;22=Media Library;23=ExtenderNode;24=NAS Head;"
		"25=Self-contained NAS;26=UPS;27=IP Phone;28=Management Controller;"
		"29=Chassis Manager;30=Host-based RAID controller;31=Storage Device Enclosure;"
		"32=Desktop;33=Laptop;34=Virtual Tape Library;35=Virtual Library System;"
		"36=Network PC/Thin Client;37=FC Switch;38=Ethernet Switch;39=Server;40=Blade;"
		"..=DMTF Reserved;32568..65535=Vendor Reserved"),
	PROP(STRING, OtherDedicatedDescriptions, ARRAY),
	VALS(UINT16, ResetCapability, 0, NULL,
		"1=Other;2=Unknown;3=Disabled;4=Enabled;5=Not Implemented"),
	VALS(UINT16, PowerManagementCapabilities, ARRAY, NULL,
		"0=Unknown;1=Not Supported;2=Disabled;3=Enabled;"
		"4=Power Saving Modes Entered Automatically;5=Power State Settable;"
		"6=Power Cycling Supported;7=Timed Power On Supported"),
	END
};

CLASS(CIM_ComputerSystem, &CIM_System, "2.36.0", 0, computer_system_props, NULL);

static const struct cim_field service_props[] = {
	PROP(STRING, SystemCreationClassName, KEY),
	PROP(STRING, SystemName, KEY),
	PROP(STRING, CreationClassName, KEY),
	PROP(STRING, PrimaryOwnerName, WRITE),
	PROP(STRING, PrimaryOwnerContact, WRITE),
	PROP(STRING, StartMode, 0),
	PROP(BOOLEAN, Started, 0),
	PROP(STRING, LoSID, 0),
	PROP(STRING, LoSOrgID, 0),
	PROP(STRING, Name, KEY),
	END
};

static const struct cim_method service_methods[] = {
	{ "StartService", CIM_UINT32, NULL, NULL },
	{ "StopService", CIM_UINT32, NULL, NULL },
	{ NULL, 0, NULL, NULL }
};

CLASS(CIM_Service, &CIM_EnabledLogicalElement, "2.10.0", ABSTRACT, service_props, service_methods);

static const struct cim_field capabilities_props[] = {
	PROP(STRING, InstanceID, KEY),
	PROP(STRING, ElementName, REQUIRED),
	END
};

CLASS(CIM_Capabilities, &CIM_ManagedElement, "2.26.0", ABSTRACT, capabilities_props, NULL);

static const struct cim_field setting_data_props[] = {
	PROP(STRING, ConfigurationName, 0),
	VALS(UINT16, ChangeableType, 0, NULL,
		"0=Not Changeable - Persistent;1=Changeable - Transient;"
		"2=Changeable - Persistent;3=Not Changeable - Transient"),
	PROP(STRING, ComponentSetting, ARRAY|OBJECT),
	PROP(STRING, SoID, 0),
	PROP(STRING, SoOrgID, 0),
	PROP(STRING, InstanceID, KEY),
	PROP(STRING, ElementName, REQUIRED),
	END
};

CLASS(CIM_SettingData, &CIM_ManagedElement, "2.26.0", ABSTRACT, setting_data_props, NULL);
