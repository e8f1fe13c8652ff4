/* SPDX-License-Identifier: MIT */
/* manual: docs/tern.conf.md from the table of keys that the host itself reads tern.conf by. */
#include <stdio.h>
#include "config/config_keys.h"

static const char intro[] =
	"# tern.conf\n\n"
	"Made by `make manual` from `config/config_keys.c`; `make rules` compares them. The file lies on the boot volume as `\\tern\\tern.conf`.\n\n"
	"INI: `[section]` lines, `key = value` lines, `#` or `;` before a remark. Names are written as here. A mistake is reported\n"
	"with file, line, key and what was expected, on the screen, in the log and by CIM; one in a `[vm NAME]` section leaves only that virtual system\n"
	"unstarted. Whatever may have been an `accept_from` or `destinations`, such as a key or section that is not known, a line that can't be read\n"
	"or a section given twice, shuts that door: nobody is accepted there, or moved away, until the mistake is mended.\n";

static const struct { enum config_section section; const char *about; } about[] = {
	{ CONFIG_HOST, "This host." },
	{ CONFIG_NET, "Its network." },
	{ CONFIG_CIM, "Management by CIM-XML." },
	{ CONFIG_CONSOLE, "The guests' serial consoles over TCP." },
	{ CONFIG_MIGRATION, "Moving virtual systems, out and in." },
	{ CONFIG_PEER, "Another host, so that it can be named instead of its address." },
	{ CONFIG_VM, "A virtual system of this host." },
};

static void cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
}

static void section(enum config_section s, const char *text)
{
	const struct config_key *name = s == CONFIG_VM ? &config_vm_name : &config_peer_name;

	printf("\n## [%s%s]\n%s\n\n| key | value | without it | |\n|---|---|---|---|\n", config_section[s].name, config_section[s].named ? " NAME" : "", text);
	if (config_section[s].named) {
		printf("| NAME | ");
		cell(name->expected);
		printf(" | required | in the section's line |\n");
	}
	for (unsigned n = 0; n < CONFIG_KEYS; n++)
		if (config_key[n].section == s) {
			printf("| %s | ", config_key[n].name);
			cell(config_key[n].expected);
			printf(" | %s | ", config_key[n].required ? "required" : config_key[n].initial ? config_key[n].initial : "");
			cell(config_key[n].meaning ? config_key[n].meaning : "");
			printf(" |\n");
		}
}

int main(void)
{
	fputs(intro, stdout);
	for (unsigned s = 0; s < CONFIG_SECTIONS; s++) {
		const char *text = "";

		for (size_t n = 0; n < sizeof(about) / sizeof(about[0]); n++)
			if (about[n].section == (enum config_section)s)
				text = about[n].about;
		section((enum config_section)s, text);
	}
	return 0;
}
