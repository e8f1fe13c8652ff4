/* SPDX-License-Identifier: MIT */
/* The host and its virtual systems as CIM instances. */
#include "provider.h"
#include "host/manage.h"

static void identify(struct inst *out, const char *uuid)
{
	inst_str(out, "UUID", uuid);
	inst_array(out, "OtherIdentifyingInfo");
	inst_item_str(out, uuid);
	inst_array(out, "IdentifyingDescriptions");
	inst_item_str(out, "CIM:GUID");
}

/* What every computer system has; false if no more than its keys is wanted. */
static bool system_get(const char *name, const char *caption, struct inst *out)
{
	inst_str(out, "CreationClassName", out->class->name);
	inst_str(out, "Name", name);
	if (out->keys_only)
		return false;
	inst_str(out, "NameFormat", "Other");
	inst_str(out, "ElementName", name);
	inst_str(out, "Caption", caption);
	inst_array(out, "Dedicated");
	inst_item_num(out, 0);
	return true;
}

void provider_host_state(struct inst *out, const char *ready)
{
	struct manage_host h;

	manage_host_get(&h);
	inst_num(out, "RequestedState", 12);
	inst_num(out, "TransitioningToState", 12);
	inst_array(out, "OperationalStatus");
	inst_item_num(out, h.can_run_vms ? 2 : 3);
	inst_array(out, "StatusDescriptions");
	inst_item_str(out, h.can_run_vms ? ready : h.why_not);
	inst_num(out, "HealthState", h.can_run_vms ? 5 : 10);
	inst_bool(out, "RecordsKept", h.records_kept);
	inst_str(out, "RecordsStatus", h.records);
}

static void network(struct inst *out)
{
	struct manage_net n;

	manage_net_get(&n);
	inst_num(out, "FramesSent", n.frames_sent);
	inst_num(out, "FramesReceived", n.frames_received);
	inst_num(out, "FrameErrors", n.receive_errors);
	inst_num(out, "FramesWithoutMemory", n.receive_no_memory);
	inst_num(out, "LinkChanges", n.link_changes);
	inst_num(out, "TCPConnections", n.connections);
	inst_num(out, "TCPRetransmissions", n.tcp_retransmits);
	inst_num(out, "TCPDrops", n.tcp_drops);
	inst_num(out, "TCPChecksumErrors", n.tcp_checksum_errors);
	inst_num(out, "TCPContained", n.contained);
	inst_num(out, "IPDrops", n.ip_drops);
	inst_num(out, "NetworkMemoryBytes", n.memory_bytes);
	inst_num(out, "NetworkMemoryFailures", n.memory_failures);
}

static bool host_get(unsigned index, struct inst *out)
{
	struct manage_host h;
	struct why limit;

	(void)index;
	manage_host_get(&h);
	if (!system_get(h.name, "Tern host", out))
		return true;
	inst_num(out, "EnabledState", 2);
	provider_host_state(out, "runs virtual systems");
	inst_num(out, "OperatingStatus", 16);
	inst_num(out, "PrimaryStatus", h.can_run_vms ? 1 : 2);
	identify(out, h.uuid);
	inst_str(out, "Version", h.version);
	inst_str(out, "BootID", h.boot_id);
	inst_ipv4(out, "Address", h.ipv4);
	inst_num(out, "Processors", h.cpus);
	inst_num(out, "MemoryBytes", h.memory_bytes);
	inst_num(out, "FreeMemoryBytes", h.free_bytes);
	inst_bool(out, "CanRunVirtualSystems", h.can_run_vms);
	inst_num(out, "UnusedMemoryBytes", h.unused_bytes);
	inst_num(out, "UnusedProcessors", h.unused_cpus);
	inst_bool(out, "StrongRandomNumbers", h.random_strong);
	inst_array(out, "Limitations");
	for (unsigned i = 0; manage_host_limit(i, &limit); i++)
		inst_item_str(out, limit.text);
	network(out);
	return true;
}

const struct provider provider_host = {
	.class = &Tern_HostSystem, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT | CIM_NS_INTEROP,
	.fixed = 1, .get = host_get,
};

/* What the states mean in the words of CIM_EnabledLogicalElement and CIM_ManagedSystemElement. */
static const struct {
	uint8_t enabled, operating, status, health, primary, request;
	bool relocating;
	const char *text;
} states[] = {
	[MANAGE_VM_DEFINED]     = {  3,  5, 10,  5, 1, 2, false, "defined, not running" },
	[MANAGE_VM_RUNNING]     = {  2, 16,  2,  5, 1, 3, false, "running" },
	[MANAGE_VM_STOPPED]     = {  3,  5, 10,  5, 1, 2, false, "stopped" },
	[MANAGE_VM_CRASHED]     = {  3,  6,  6, 25, 3, 2, false, "crashed" },
	[MANAGE_VM_EMIGRATING]  = {  2, 10,  2,  5, 1, 0, true,  "running, moving to another host" },
	[MANAGE_VM_IMMIGRATING] = { 10, 11,  8,  5, 1, 0, true,  "being received from another host" },
	[MANAGE_VM_IN_DOUBT]    = {  0,  0,  0,  0, 0, 0, true,
				     "committed to another host, outcome not yet known" },
	[MANAGE_VM_AWAY]        = {  3,  7, 15,  5, 1, 0, false, "moved to another host" },
};

static void vm_state(const struct manage_vm *v, struct inst *out)
{
	const char *text = v->why[0] ? v->why : states[v->state].text;

	inst_num(out, "EnabledState", states[v->state].enabled);
	inst_num(out, "RequestedState", 5);
	inst_num(out, "TransitioningToState", 12);
	inst_array(out, "OperationalStatus");
	inst_item_num(out, states[v->state].status);
	if (states[v->state].relocating)
		inst_item_num(out, 19);
	inst_array(out, "StatusDescriptions");
	inst_item_str(out, text);
	if (states[v->state].relocating)
		inst_item_str(out, "relocating");
	inst_num(out, "HealthState", states[v->state].health);
	inst_num(out, "OperatingStatus", states[v->state].operating);
	inst_num(out, "PrimaryStatus", states[v->state].primary);
	inst_array(out, "AvailableRequestedStates");
	if (states[v->state].request)
		inst_item_num(out, states[v->state].request);
}

static bool vm_get(unsigned index, struct inst *out)
{
	struct manage_vm v;

	if (!manage_vm_get(index, &v))
		return false;
	if (!system_get(v.name, "Tern virtual system", out))
		return true;
	vm_state(&v, out);
	identify(out, v.uuid);
	inst_num(out, "MemoryBytes", v.memory_bytes);
	inst_num(out, "Processors", v.vcpus);
	inst_num(out, "UptimeMicroseconds", v.uptime_ns / 1000);
	inst_num(out, "Exits", v.exits);
	return true;
}

const struct provider provider_vm = {
	.class = &Tern_VirtualSystem, .home = CIM_NS_VIRT, .visible = CIM_NS_VIRT,
	.count = manage_vm_count, .get = vm_get,
};
