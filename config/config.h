/* SPDX-License-Identifier: MIT */
/* config.h: tern.conf as a checked structure. The INI text is parsed by a table; every mistake is kept
 * with its line, key and what was expected, and a broken [vm] section breaks only that VM. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/log.h"
#include "lib/why.h"

#define CONFIG_VMS	8
#define CONFIG_PEERS	16
#define CONFIG_RANGES	8

struct config_vm {
	char name[32];
	bool broken;			/* a mistake in this section: the VM is not started */
	uint32_t line;			/* of its [vm NAME] */
	uint64_t memory_bytes;		/* multiple of 2 MiB, 16 MiB to 3 GiB */
	uint32_t vcpus;
	char kernel[128], initrd[128];	/* paths on the boot volume, '/' or '\\' */
	char cmdline[512];
	uint8_t mac[6];			/* all zero: derived from host uuid and name */
	char cpu[32];			/* policy name */
	char uuid[37];			/* "" : derived from host uuid and name */
	bool autostart;
};

struct config_range { uint32_t ipv4, mask; };	/* host byte order */

struct config_peer { char name[64]; uint32_t ipv4; };	/* host byte order */

enum config_stuck { CONFIG_STUCK_STOP, CONFIG_STUCK_FAIL, CONFIG_STUCK_THROTTLE };
enum config_verify { CONFIG_VERIFY_OFF, CONFIG_VERIFY_FULL };
enum config_tracker { CONFIG_TRACKER_AUTO, CONFIG_TRACKER_WRITE_PROTECT, CONFIG_TRACKER_AD, CONFIG_TRACKER_PML };

struct config {
	char host_name[64], host_uuid[37];
	enum log_level log_level;
	bool dhcp;
	uint32_t ipv4, netmask, gateway;	/* host byte order; 0 = none */
	uint16_t mtu;				/* 576 to 9000 */
	uint16_t cim_port;
	uint16_t console_port;
	uint16_t migration_port;
	uint32_t max_downtime_ms;
	uint32_t shutdown_wait_ms;		/* that a Restart gives a guest to power off */
	uint64_t bandwidth_bytes;		/* per second, 0 = no limit */
	enum config_stuck when_stuck;		/* stop: at the best point */
	uint32_t max_out, max_in;		/* migrations at once */
	uint32_t resume_grace_s;		/* 0 = off */
	enum config_verify verify;
	enum config_tracker tracker;
	uint32_t accept_from_ipv4, accept_from_mask;	/* 0/0 = anyone; a mistake there: nobody */
	struct config_range cim_from, console_from;	/* who may connect; the same */
	/* Where machines may be moved to; the first 0/0: anywhere. */
	struct config_range destinations[CONFIG_RANGES];
	unsigned peers;
	struct config_peer peer[CONFIG_PEERS];
	unsigned vms;
	struct config_vm vm[CONFIG_VMS];
};

/* Parses @text (@length bytes, not NUL-terminated) named @file. Always leaves @out usable: defaults where nothing was
 * said or what was said was wrong; NULL for @text: the file is there and can't be read. Who may connect is nobody
 * where a line that can't be understood may have said who. Each mistake becomes one sentence "FILE:LINE: [SECTION]
 * KEY: ... expected ..." in @mistakes. */
void config_parse(struct config *out, const char *file, const char *text, size_t length,
		  struct why_list *mistakes);

/* Is @ipv4 in one of the @n ranges? Unused ones are 0/0; so is the first when all are allowed. */
bool config_allows(const struct config_range *range, unsigned n, uint32_t ipv4);
