/* SPDX-License-Identifier: MIT */
/* config_keys.h: the sections and keys of tern.conf as tables. */
#pragma once
#include "config/config_value.h"

enum config_section {
	CONFIG_HOST, CONFIG_NET, CONFIG_CIM, CONFIG_CONSOLE, CONFIG_MIGRATION, CONFIG_PEER, CONFIG_VM,
	CONFIG_SECTIONS
};

struct config_section_row {
	const char *name;
	bool named;		/* [vm NAME] rather than [host] */
};

#define CONFIG_KEYS 32

extern const struct config_section_row config_section[CONFIG_SECTIONS];
extern const struct config_key config_key[CONFIG_KEYS];
/* The NAME of [vm NAME] and of [peer NAME]; section is that of the section. */
extern const struct config_key config_vm_name, config_peer_name;

#define CONFIG_MEMORY_MIN (16ull << 20)
#define CONFIG_MEMORY_MAX (3ull << 30)	/* guest memory ends below the devices under 4 GiB */
#define CONFIG_MOVES_MAX  8u		/* migrations at once, each way */
#define CONFIG_VCPUS_MAX  8u		/* local APICs of a machine */
