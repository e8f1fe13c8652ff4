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
	END
};

CLASS_ABOUT(Tern_HostSystem, &CIM_ComputerSystem, "1.0.0", 0, host_props, NULL,
	    "The host that answers. StatusDescriptions says why it can't run virtual systems, if so. RecordsKept and "
	    "RecordsStatus are those of its migration service.");

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
	    "A virtual system defined on, running on or moving to or from this host. One that moved away is Dormant (OperatingStatus "
	    "7) and can't be started here until Reclaim lifts that; without AcceptRisk it does nothing but say in Risk what it "
	    "would risk.");
