/* SPDX-License-Identifier: MIT */
/* Schema: virtual system migration (DSP1081) and Tern's classes for it. */
#include "schema.h"
#include "schema_macros.h"

#define SETTINGS_IN \
	EMBED(CIM_VirtualSystemMigrationSettingData, MigrationSettingData, IN), \
	EMBED(CIM_VirtualSystemSettingData, NewSystemSettingData, IN), \
	EMBED(CIM_ResourceAllocationSettingData, NewResourceSettingData, IN|ARRAY)
#define HOST_IN \
	REF(CIM_ComputerSystem, ComputerSystem, IN), PROP(STRING, DestinationHost, IN), SETTINGS_IN
#define SYSTEM_IN \
	REF(CIM_ComputerSystem, ComputerSystem, IN), REF(CIM_System, DestinationSystem, IN), SETTINGS_IN
#define JOB_OUT		REF(CIM_ConcreteJob, Job, OUT)
#define NEW_OUT		REF(CIM_ComputerSystem, NewComputerSystem, OUT)
#define VERDICT_OUT	PROP(BOOLEAN, IsMigratable, OUT)
#define REASONS_OUT	PROP(STRING, Reasons, OUT|ARRAY)

static const struct cim_field to_host[]      = { HOST_IN, JOB_OUT, END };
static const struct cim_field to_system[]    = { SYSTEM_IN, NEW_OUT, JOB_OUT, END };
static const struct cim_field check_host[]   = { HOST_IN, VERDICT_OUT, END };
static const struct cim_field check_system[] = { SYSTEM_IN, VERDICT_OUT, END };

static const struct cim_method service_methods[] = {
	{ "MigrateVirtualSystemToHost", CIM_UINT32, cim_map_return_migrate, to_host },
	{ "MigrateVirtualSystemToSystem", CIM_UINT32, cim_map_return_migrate, to_system },
	{ "CheckVirtualSystemIsMigratableToHost", CIM_UINT32, cim_map_return_check, check_host },
	{ "CheckVirtualSystemIsMigratableToSystem", CIM_UINT32, cim_map_return_check, check_system },
	{ NULL, 0, NULL, NULL }
};

CLASS(CIM_VirtualSystemMigrationService, &CIM_Service, "2.17.0", EXPERIMENTAL, NULL, service_methods);

/* Tern adds the sentences that say why. */
static const struct cim_field tern_to_host[]      = { HOST_IN, JOB_OUT, REASONS_OUT, END };
static const struct cim_field tern_to_system[]    = { SYSTEM_IN, NEW_OUT, JOB_OUT, REASONS_OUT, END };
static const struct cim_field tern_check_host[]   = { HOST_IN, VERDICT_OUT, REASONS_OUT, END };
static const struct cim_field tern_check_system[] = { SYSTEM_IN, VERDICT_OUT, REASONS_OUT, END };

static const struct cim_method tern_service_methods[] = {
	{ "MigrateVirtualSystemToHost", CIM_UINT32, cim_map_return_migrate, tern_to_host },
	{ "MigrateVirtualSystemToSystem", CIM_UINT32, cim_map_return_migrate, tern_to_system },
	{ "CheckVirtualSystemIsMigratableToHost", CIM_UINT32, cim_map_return_check, tern_check_host },
	{ "CheckVirtualSystemIsMigratableToSystem", CIM_UINT32, cim_map_return_check, tern_check_system },
	{ NULL, 0, NULL, NULL }
};

static const struct cim_field tern_service_props[] = {
	PROP(BOOLEAN, RecordsKept, 0),
	PROP(STRING, RecordsStatus, 0),
	END
};

CLASS_ABOUT(Tern_VirtualSystemMigrationService, &CIM_VirtualSystemMigrationService, "1.0.0", 0,
	    tern_service_props, tern_service_methods,
	    "Moves the virtual systems of this host. Reasons holds one sentence for each obstacle. RecordsKept: what "
	    "this host notes of a hand-off is known to survive its restart; RecordsStatus says where it is.");

static const struct cim_field virtual_system_migration_capabilities_props[] = {
	VALS(UINT16, SynchronousMethodsSupported, ARRAY, NULL,
		"2=MigrateVirtualSystemToHostSupported;3=MigrateVirtualSystemToSystemSupported;"
		"4=CheckVirtualSystemIsMigratableToHostSupported;"
		"5=CheckVirtualSystemIsMigratableToSystemSupported;..=DMTF Reserved"),
	VALS(UINT16, AsynchronousMethodsSupported, ARRAY, NULL,
		"2=MigrateVirtualSystemToHostSupported;3=MigrateVirtualSystemToSystemSupported;"
		"..=DMTF Reserved"),
	VALS(UINT16, DestinationHostFormatsSupported, ARRAY, NULL,
		"2=DomainNameFormatSupported;3=IPv4DottedDecimalFormatSupported;"
		"4=IPv6TextFormatSupported;..=DMTF Reserved"),
	END
};

CLASS(CIM_VirtualSystemMigrationCapabilities, &CIM_Capabilities, "2.17.0", EXPERIMENTAL,
      virtual_system_migration_capabilities_props, NULL);

static const struct cim_field virtual_system_migration_setting_data_props[] = {
	VALS(UINT16, MigrationType, 0, NULL,
		"0=Unknown;1=Other;2=Live;3=Resume;4=Restart"),
	PROP(UINT16, Priority, 0),
	PROP(UINT16, Bandwidth, 0),
	PROP(STRING, BandwidthUnit, 0),
	PROP(STRING, OtherTransportType, 0),
	VALS(UINT16, TransportType, 0, NULL,
		"0=Unknown;1=Other;2=SSH;3=TLS;4=TLS Strict;5=TCP;6=IPC;..=DMTF Reserved;"
		"32768..=Vendor Reserved"),
	END
};

CLASS(CIM_VirtualSystemMigrationSettingData, &CIM_SettingData, "2.33.0", 0,
      virtual_system_migration_setting_data_props, NULL);

CLASS_ABOUT(Tern_VirtualSystemMigrationCapabilities, &CIM_VirtualSystemMigrationCapabilities, "1.0.0", 0,
	    NULL, NULL, "What the migration service of this host can do.");

static const struct cim_field tern_setting_props[] = {
	VALS(UINT16, Verify, 0, "0", "0=Default;1=Off;2=Full"),
	UNIT(UINT32, MaxDowntime, 0, "second * 10^-3"),
	VALS(UINT16, WhenStuck, 0, "0", "0=Default;1=Stop;2=Fail;3=Throttle"),
	END
};

CLASS_ABOUT(Tern_VirtualSystemMigrationSettingData, &CIM_VirtualSystemMigrationSettingData, "1.0.0", 0,
	    tern_setting_props, NULL,
	    "How to move a virtual system. Verify = Full compares a hash of all guest memory at the hand-off. "
	    "MaxDowntime (0: the host's) is the longest stop allowed. WhenStuck says what to do when the guest writes "
	    "faster than the link carries: Stop it at the best point however long that takes, Fail and let it run on "
	    "here, or Throttle its writes until they fit. Bandwidth is in percent of the host's limit, or of the link "
	    "if there is no limit. Of waiting migrations that with the smallest Priority goes first.");

static const struct cim_field tern_job_request[] = {
	VALS(UINT16, RequestedState, IN, NULL, cim_map_job_requested_state),
	PROP(DATETIME, TimeoutPeriod, IN),
	REASONS_OUT,
	END
};

static const struct cim_field tern_job_force[] = {
	VALS(UINT16, Outcome, IN, NULL, "2=Resume;3=Forget;4=Run"),
	PROP(BOOLEAN, AcceptRisk, IN),
	PROP(STRING, Risk, OUT),
	REASONS_OUT,
	END
};

static const struct cim_method tern_job_methods[] = {
	{ "RequestStateChange", CIM_UINT32, cim_map_return_job_state, tern_job_request },
	{ "ForceOutcome", CIM_UINT32, cim_map_return_force, tern_job_force },
	{ NULL, 0, NULL, NULL }
};

static const struct cim_field tern_job_props[] = {
	PROP(STRING, VirtualSystemName, 0),
	PROP(STRING, VirtualSystemUUID, 0),
	PROP(STRING, SourceHost, 0),
	PROP(STRING, SourceName, 0),
	PROP(STRING, DestinationHost, 0),
	PROP(STRING, DestinationName, 0),
	PROP(BOOLEAN, Incoming, 0),
	VALS(UINT16, MigrationType, 0, NULL, "0=Unknown;1=Other;2=Live;3=Resume;4=Restart"),
	PROP(STRING, Phase, 0),
	PROP(UINT32, Rounds, 0),
	UNIT(UINT64, RoundStartMicroseconds, ARRAY, "second * 10^-6"),
	UNIT(UINT64, RoundEndMicroseconds, ARRAY, "second * 10^-6"),
	PROP(UINT64, RoundPages, ARRAY),
	PROP(UINT64, RoundZeroPages, ARRAY),
	PROP(UINT64, RoundDirtyPages, ARRAY),
	UNIT(UINT64, RoundBytes, ARRAY, "byte"),
	PROP(UINT32, LinkReconnects, 0),
	UNIT(UINT64, BytesSent, 0, "byte"),
	UNIT(UINT64, BytesLeft, 0, "byte"),
	PROP(UINT64, PagesSent, 0),
	UNIT(UINT64, NonZeroBytes, 0, "byte"),
	UNIT(UINT64, BytesPerSecond, 0, "byte / second"),
	PROP(UINT64, DirtyPagesPerSecond, 0),
	UNIT(UINT64, ElapsedMicroseconds, 0, "second * 10^-6"),
	UNIT(UINT64, ExpectedDowntimeMicroseconds, 0, "second * 10^-6"),
	UNIT(UINT64, DowntimeMicroseconds, 0, "second * 10^-6"),
	PROP(STRING, DowntimeTermNames, ARRAY),
	UNIT(UINT64, DowntimeTermBudget, ARRAY, "second * 10^-6"),
	UNIT(UINT64, DowntimeTermReal, ARRAY, "second * 10^-6"),
	PROP(STRING, MemoryHashSource, 0),
	PROP(STRING, MemoryHashDestination, 0),
	END
};

CLASS_ABOUT(Tern_MigrationJob, &CIM_ConcreteJob, "1.0.0", 0, tern_job_props, tern_job_methods,
	    "One migration, in progress or ended. SourceHost and DestinationHost are addresses, one of them this "
	    "host's (Incoming says which). ErrorCode is that of docs/cim-errors.md. Round arrays have one element for "
	    "each of the last rounds; times count from the start of the job. ForceOutcome settles a hand-off whose "
	    "peer does not answer: Resume lets the source's copy run on, Forget gives up the copy that is here, Run "
	    "lets a prepared copy run at the destination. Without AcceptRisk it does nothing but say in Risk what it "
	    "would risk.");
