/* SPDX-License-Identifier: MIT */
/* Schema: Tern's hosts and virtual systems. */
#include "schema.h"
#include "schema_macros.h"

static const struct cim_field host_props[] = {
	PROP(STRING, UUID, 0),
	PROP(STRING, Version, 0),
	PROP(STRING, BootID, 0),
	PROP(STRING, Address, 0),
	PROP(UINT32, Processors, 0),
	UNIT(UINT64, MemoryBytes, 0, "byte"),
	UNIT(UINT64, FreeMemoryBytes, 0, "byte"),
	PROP(BOOLEAN, CanRunVirtualSystems, 0),
	PROP(BOOLEAN, RecordsKept, 0),
	PROP(STRING, RecordsStatus, 0),
	UNIT(UINT64, UnusedMemoryBytes, 0, "byte"),
	PROP(UINT32, UnusedProcessors, 0),
	PROP(BOOLEAN, StrongRandomNumbers, 0),
	PROP(STRING, Limitations, ARRAY),
	PROP(UINT64, FramesSent, 0),
	PROP(UINT64, FramesReceived, 0),
	PROP(UINT64, FrameErrors, 0),
	PROP(UINT64, FramesWithoutMemory, 0),
	PROP(UINT64, LinkChanges, 0),
	PROP(UINT32, TCPConnections, 0),
	PROP(UINT64, TCPRetransmissions, 0),
	PROP(UINT64, TCPDrops, 0),
	PROP(UINT64, TCPChecksumErrors, 0),
	PROP(UINT64, TCPContained, 0),
	PROP(UINT64, IPDrops, 0),
	UNIT(UINT64, NetworkMemoryBytes, 0, "byte"),
	PROP(UINT64, NetworkMemoryFailures, 0),
	END
};

CLASS_ABOUT(Tern_HostSystem, &CIM_ComputerSystem, "1.0.0", 0, host_props, NULL,
	    "The host that answers. StatusDescriptions says why it can't run virtual systems, if so. RecordsKept and "
	    "RecordsStatus are those of its migration service. Limitations: what of the machine is not used, and what "
	    "is missing, in sentences. Counters are since boot; TCPContained: connections that were ended because TCP "
	    "came into a state that can't be.");

static const struct cim_field vm_props[] = {
	PROP(STRING, UUID, 0),
	UNIT(UINT64, MemoryBytes, 0, "byte"),
	PROP(UINT32, Processors, 0),
	UNIT(UINT64, UptimeMicroseconds, 0, "second * 10^-6"),
	PROP(UINT64, Exits, 0),
	END
};

static const struct cim_field vm_request[] = {
	VALS(UINT16, RequestedState, IN, NULL, cim_map_requested_state),
	REF(CIM_ConcreteJob, Job, OUT),
	PROP(DATETIME, TimeoutPeriod, IN),
	PROP(STRING, Reasons, OUT|ARRAY),
	END
};

static const struct cim_field vm_reclaim[] = {
	PROP(BOOLEAN, AcceptRisk, IN),
	PROP(STRING, Risk, OUT),
	PROP(STRING, Reasons, OUT|ARRAY),
	END
};

static const struct cim_method vm_methods[] = {
	{ "RequestStateChange", CIM_UINT32, cim_map_return_state, vm_request },
	{ "Reclaim", CIM_UINT32, cim_map_return_force, vm_reclaim },
	{ NULL, 0, NULL, NULL }
};

CLASS_ABOUT(Tern_VirtualSystem, &CIM_ComputerSystem, "1.0.0", 0, vm_props, vm_methods,
	    "A virtual system defined on, running on or moving to or from this host. One that moved away is Dormant "
	    "(OperatingStatus 7) and can't be started here until Reclaim lifts that; without AcceptRisk it does "
	    "nothing but say in Risk what it would risk.");

static const struct cim_field record_props[] = {
	PROP(STRING, InstanceID, KEY),
	PROP(STRING, RecordState, 0),
	PROP(STRING, VirtualSystemName, 0),
	PROP(STRING, VirtualSystemUUID, 0),
	PROP(BOOLEAN, LeftFromHere, 0),
	PROP(STRING, PeerName, 0),
	PROP(STRING, PeerAddress, 0),
	PROP(DATETIME, TimeOfRecord, 0),
	PROP(BOOLEAN, JobOpen, 0),
	PROP(BOOLEAN, HoldsVirtualSystem, 0),
	END
};

static const struct cim_method record_methods[] = {
	{ "Drop", CIM_UINT32, cim_map_return_force, vm_reclaim },
	{ NULL, 0, NULL, NULL }
};

CLASS_ABOUT(Tern_MigrationRecord, &CIM_ManagedElement, "1.0.0", 0, record_props, record_methods,
	    "What this host must not forget of a hand-off until both sides agree, or of a virtual system that moved "
	    "away. RecordState: PREPARED, OWNED, LOST (came here, and was lost with a restart), ABORTED; of those that "
	    "left COMMITTED, DONE, ABORTED, AWAY; UNREADABLE. JobOpen: a job sees to it, ForceOutcome applies. "
	    "HoldsVirtualSystem: that is not started here, for it. Drop is for what the peer will never ask for or be "
	    "told; without AcceptRisk it does nothing but say in Risk what it would risk.");
