/* SPDX-License-Identifier: MIT */
/* config_keys.c: every key of tern.conf, what it takes and where it goes. */
#include "config/config_keys.h"
#include "config/config.h"

const struct config_section_row config_section[CONFIG_SECTIONS] = {
	[CONFIG_HOST] = { "host", false },
	[CONFIG_NET] = { "net", false },
	[CONFIG_CIM] = { "cim", false },
	[CONFIG_CONSOLE] = { "console", false },
	[CONFIG_MIGRATION] = { "migration", false },
	[CONFIG_PEER] = { "peer", true },
	[CONFIG_VM] = { "vm", true },
};

static const struct config_word log_levels[] = {
	{ "error", LOG_ERROR }, { "warn", LOG_WARN }, { "info", LOG_INFO }, { "debug", LOG_DEBUG }, { NULL, 0 },
};
static const struct config_word verifies[] = {
	{ "off", CONFIG_VERIFY_OFF }, { "full", CONFIG_VERIFY_FULL }, { NULL, 0 },
};
static const struct config_word stucks[] = {
	{ "stop", CONFIG_STUCK_STOP }, { "fail", CONFIG_STUCK_FAIL }, { "throttle", CONFIG_STUCK_THROTTLE },
	{ NULL, 0 },
};
static const struct config_word trackers[] = {
	{ "auto", CONFIG_TRACKER_AUTO }, { "write-protect", CONFIG_TRACKER_WRITE_PROTECT },
	{ "ad", CONFIG_TRACKER_AD }, { "pml", CONFIG_TRACKER_PML }, { NULL, 0 },
};
static const struct config_word yes_no[] = { { "yes", 1 }, { "no", 0 }, { NULL, 0 } };

#define AT(type, field)	.offset = offsetof(struct type, field), .room = sizeof(((struct type *)0)->field)
#define HOST(key, kind, field, ...)						\
	{ .section = CONFIG_HOST, .name = key, .parse = config_value_##kind, AT(config, field), __VA_ARGS__ }
#define NET(key, kind, field, ...)						\
	{ .section = CONFIG_NET, .name = key, .parse = config_value_##kind, AT(config, field), __VA_ARGS__ }
#define PORT(which, field, text)						\
	{ .section = which, .name = "port", .parse = config_value_number, AT(config, field), .min = 1,	\
	  .max = 65535, .expected = "a TCP port from 1 to 65535", .initial = text }
#define FROM(which, field)							\
	{ .section = which, .name = "accept_from", .parse = config_value_ranges, AT(config, field),	\
	  .expected = "a.b.c.d or a.b.c.d/len; until then nobody is accepted",			\
	  .meaning = "who may connect; without it: anyone" }
#define MIG(key, kind, field, ...)						\
	{ .section = CONFIG_MIGRATION, .name = key, .parse = config_value_##kind, AT(config, field), __VA_ARGS__ }
#define VM(key, kind, field, ...)						\
	{ .section = CONFIG_VM, .name = key, .parse = config_value_##kind, AT(config_vm, field), __VA_ARGS__ }

#define NAME_TEXT "of letters, digits, '.', '_' and '-', starting with a letter or digit"
#define UUID_TEXT "a UUID like 123e4567-e89b-12d3-a456-426614174000"

const struct config_key config_key[CONFIG_KEYS] = {
	HOST("name", name, host_name, .min = 1, .expected = "a name of 1 to 63 characters " NAME_TEXT,
	    .initial = "tern", .meaning = "by which clients and logs know it"),
	HOST("uuid", uuid, host_uuid, .expected = UUID_TEXT,
	    .meaning = "without it: from the name, so that two hosts of one name are one"),
	HOST("log_level", word, log_level, .word = log_levels, .expected = "error, warn, info or debug",
	    .initial = "info"),

	NET("address", net_address, ipv4, .expected = "dhcp or a host's a.b.c.d/len with len from 8 to 30",
	    .initial = "dhcp"),
	NET("gateway", ipv4, gateway, .expected = "a host's IPv4 address a.b.c.d",
	    .meaning = "without it: DHCP's, or none"),
	NET("mtu", number, mtu, .min = 576, .max = 9000, .expected = "a number of bytes from 576 to 9000",
	    .initial = "1500"),

	PORT(CONFIG_CIM, cim_port, "5988"),
	FROM(CONFIG_CIM, cim_from),
	PORT(CONFIG_CONSOLE, console_port, "5990"),
	FROM(CONFIG_CONSOLE, console_from),
	PORT(CONFIG_MIGRATION, migration_port, "5991"),

	MIG("max_downtime_ms", number, max_downtime_ms, .min = 1, .max = 600000,
	    .expected = "a number of milliseconds from 1 to 600000",
	    .initial = "300", .meaning = "a live move stops the guest once it expects to need no more"),
	MIG("shutdown_wait_ms", number, shutdown_wait_ms, .min = 1, .max = 600000,
	    .expected = "a number of milliseconds from 1 to 600000",
	    .initial = "60000", .meaning = "that a Restart gives a guest to power off"),
	MIG("bandwidth", size, bandwidth_bytes, .min = 64u << 10, .max = 100ull << 30,
	    .expected = "bytes per second from 64K to 100G with K, M or G, or 0 for no limit",
	    .meaning = "of one move; without it: no limit"),
	MIG("when_stuck", word, when_stuck, .word = stucks, .expected = "stop, fail or throttle",
	    .initial = "stop",
	    .meaning = "what to do with a guest that writes faster than the link: stop it at the best point, give up, "
		       "or slow it down"),
	MIG("max_out", number, max_out, .min = 1, .max = CONFIG_MOVES_MAX,
	    .expected = "a number of migrations from 1 to 8",
	    .initial = "2", .meaning = "at once; more wait"),
	MIG("max_in", number, max_in, .min = 1, .max = CONFIG_MOVES_MAX,
	    .expected = "a number of migrations from 1 to 8",
	    .initial = "2", .meaning = "at once; more are refused"),
	MIG("resume_grace_s", number, resume_grace_s, .min = 0, .max = 3600,
	    .expected = "a number of seconds from 0 (a cut link ends a migration) to 3600",
	    .initial = "30", .meaning = "that a move waits for a cut link"),
	MIG("verify", word, verify, .word = verifies, .expected = "off or full",
	    .initial = "off", .meaning = "full: both hosts hash all memory at the hand-off, which the guest waits for"),
	MIG("tracker", word, tracker, .word = trackers, .expected = "auto, write-protect, ad or pml",
	    .initial = "auto", .meaning = "of written pages; auto: the quickest that the processor has"),
	MIG("accept_from", accept_from, accept_from_ipv4,
	    .expected = "a.b.c.d or a.b.c.d/len; until then nobody is accepted",
	    .meaning = "whose moves are taken; without it: anyone's"),

	MIG("destinations", ranges, destinations,
	    .expected = "up to 8 of a.b.c.d or a.b.c.d/len with commas between; until then nothing is moved away",
	    .meaning = "where moves may go; without it: anywhere"),

	{ .section = CONFIG_PEER, .name = "address", .parse = config_value_ipv4, AT(config_peer, ipv4),
	  .required = true, .expected = "a host's IPv4 address a.b.c.d" },

	VM("memory", memory, memory_bytes, .required = true, .min = CONFIG_MEMORY_MIN, .max = CONFIG_MEMORY_MAX,
	   .expected = "a size from 16M to 3G in steps of 2M, such as 128M"),
	VM("vcpus", number, vcpus, .min = 1, .max = CONFIG_VCPUS_MAX, .expected = "a number from 1 to 8",
	    .initial = "1", .meaning = "a machine of more than one is not started yet"),
	VM("kernel", text, kernel, .required = true, .min = 1,
	   .expected = "a path of 1 to 127 bytes on the boot volume, such as /tern/vmlinuz"),
	VM("initrd", text, initrd, .expected = "a path of at most 127 bytes on the boot volume",
	    .meaning = "without it: none"),
	VM("cmdline", text, cmdline, .expected = "at most 511 bytes"),
	VM("mac", mac, mac, .expected = "a unicast address like 52:54:00:12:34:56",
	    .meaning = "kept for a network, which guests don't have yet"),
	VM("cpu", name, cpu, .min = 1, .expected = "the name of a CPU policy: host, x86-64-v2 or x86-64-v3",
	    .initial = "host",
	    .meaning = "the processor that the guest sees: host moves only between processors alike"),
	VM("uuid", uuid, uuid, .expected = UUID_TEXT,
	    .meaning = "without it: from the host's UUID and the name"),
	VM("autostart", word, autostart, .word = yes_no, .expected = "yes or no",
	    .initial = "no",
	    .meaning = "whether it starts with the host, once every peer has said that it doesn't run there"),
};

const struct config_key config_vm_name = {
	.section = CONFIG_VM, AT(config_vm, name), .min = 1,
	.expected = "[vm NAME] with a NAME of 1 to 31 characters " NAME_TEXT,
};
const struct config_key config_peer_name = {
	.section = CONFIG_PEER, AT(config_peer, name), .min = 1,
	.expected = "[peer NAME] with a NAME of 1 to 63 characters " NAME_TEXT,
};
