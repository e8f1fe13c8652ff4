/* SPDX-License-Identifier: MIT */
#include "config/config.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/config_keys.h"

static struct config c;
static struct why_list mistakes;

static void parse_bytes(const char *text, size_t length)
{
	/* An exact copy, so that the sanitizer sees a read behind the end. */
	char *copy = malloc(length ? length : 1);

	memcpy(copy, text, length);
	memset(&mistakes, 0, sizeof(mistakes));
	memset(&c, 0xa5, sizeof(c));
	config_parse(&c, "tern.conf", copy, length, &mistakes);
	free(copy);
}

static void parse(const char *text) { parse_bytes(text, strlen(text)); }

static void parse_cleanly(const char *text)
{
	parse(text);
	cr_assert_eq(mistakes.count, 0u, "%s", mistakes.why[0].text);
}

#define IPV4(a, b, c_, d) ((uint32_t)(a) << 24 | (b) << 16 | (c_) << 8 | (d))
#define VM "[vm web1]\nmemory = 128M\nkernel = /tern/vmlinuz\n"

Test(config, an_empty_file_gives_the_defaults)
{
	parse_cleanly("");
	cr_expect_str_eq(c.host_name, "tern");
	cr_expect(c.dhcp);
	cr_expect_eq(c.mtu, 1500);
	cr_expect_eq(c.cim_port, 5988);
	cr_expect_eq(c.console_port, 5990);
	cr_expect_eq(c.migration_port, 5991);
	cr_expect_eq(c.max_downtime_ms, 300u);
	cr_expect_eq(c.when_stuck, CONFIG_STUCK_STOP);
	cr_expect_eq(c.max_out, 2u);
	cr_expect_eq(c.max_in, 2u);
	cr_expect_eq(c.resume_grace_s, 30u);
	cr_expect_eq(c.accept_from_mask, 0u);
	cr_expect_eq(c.vms + c.peers, 0u);
}

Test(config, every_key_reaches_its_field)
{
	const struct config_vm *vm = &c.vm[0];

	parse_cleanly("[host]\nname = lab-a\nuuid = 123E4567-e89b-12d3-a456-426614174000\nlog_level = debug\n"
		      "[net]\naddress = 10.77.0.2/24\ngateway = 10.77.0.1\nmtu = 9000\n"
		      "[cim]\nport = 1\n[console]\nport = 2\n"
		      "[migration]\nport = 65535\nmax_downtime_ms = 50\nbandwidth = 100M\nverify = full\nresume_grace_s = 0\n"
		      "tracker = write-protect\naccept_from = 10.77.0.0/24\nwhen_stuck = throttle\nmax_out = 8\nmax_in = 1\n"
		      "[peer lab-b]\naddress = 10.77.0.3\n"
		      "[vm web1]\nmemory = 1G\nvcpus = 2\nkernel = \\tern\\vmlinuz\ninitrd = /tern/initrd\n"
		      "cmdline = console=ttyS0 root=/dev/ram\nmac = 52:54:00:Ab:cd:0e\ncpu = x86-64-v2\nautostart = yes\n"
		      "uuid = 00000000-0000-0000-0000-000000000001\n");
	cr_expect_str_eq(c.host_name, "lab-a");
	cr_expect_str_eq(c.host_uuid, "123e4567-e89b-12d3-a456-426614174000");
	cr_expect_eq(c.log_level, LOG_DEBUG);
	cr_expect(!c.dhcp);
	cr_expect_eq(c.ipv4, IPV4(10, 77, 0, 2));
	cr_expect_eq(c.netmask, 0xffffff00u);
	cr_expect_eq(c.gateway, IPV4(10, 77, 0, 1));
	cr_expect_eq(c.mtu, 9000);
	cr_expect_eq(c.cim_port, 1);
	cr_expect_eq(c.console_port, 2);
	cr_expect_eq(c.migration_port, 65535);
	cr_expect_eq(c.max_downtime_ms, 50u);
	cr_expect_eq(c.resume_grace_s, 0u);
	cr_expect_eq(c.bandwidth_bytes, 100u << 20);
	cr_expect_eq(c.verify, CONFIG_VERIFY_FULL);
	cr_expect_eq(c.tracker, CONFIG_TRACKER_WRITE_PROTECT);
	cr_expect_eq(c.when_stuck, CONFIG_STUCK_THROTTLE);
	cr_expect_eq(c.max_out, 8u);
	cr_expect_eq(c.max_in, 1u);
	cr_expect_eq(c.accept_from_ipv4, IPV4(10, 77, 0, 0));
	cr_expect_eq(c.accept_from_mask, 0xffffff00u);
	cr_assert_eq(c.peers, 1u);
	cr_expect_str_eq(c.peer[0].name, "lab-b");
	cr_expect_eq(c.peer[0].ipv4, IPV4(10, 77, 0, 3));
	cr_assert_eq(c.vms, 1u);
	cr_expect(!vm->broken);
	cr_expect_str_eq(vm->name, "web1");
	cr_expect_eq(vm->line, 26u);
	cr_expect_eq(vm->memory_bytes, 1u << 30);
	cr_expect_eq(vm->vcpus, 2u);
	cr_expect_str_eq(vm->kernel, "\\tern\\vmlinuz");
	cr_expect_str_eq(vm->initrd, "/tern/initrd");
	cr_expect_str_eq(vm->cmdline, "console=ttyS0 root=/dev/ram");
	cr_expect_eq(memcmp(vm->mac, "\x52\x54\x00\xab\xcd\x0e", 6), 0);
	cr_expect_str_eq(vm->cpu, "x86-64-v2");
	cr_expect_str_eq(vm->uuid, "00000000-0000-0000-0000-000000000001");
	cr_expect(vm->autostart);
}

Test(config, comments_blanks_crlf_bom_and_quotes_are_understood)
{
	parse_cleanly("\xef\xbb\xbf; a comment\r\n\r\n  [ vm   web1 ]  # here\r\n\tmemory=128m ; small\r\n"
		      "kernel = \"/my kernels/vmlinuz\" # quoted\r\ncmdline = 'a \"b\" # c; d'\r\n");
	cr_assert_eq(c.vms, 1u);
	cr_expect_str_eq(c.vm[0].name, "web1");
	cr_expect_eq(c.vm[0].memory_bytes, 128u << 20);
	cr_expect_str_eq(c.vm[0].kernel, "/my kernels/vmlinuz");
	cr_expect_str_eq(c.vm[0].cmdline, "a \"b\" # c; d");
}

Test(config, a_hash_inside_a_word_is_no_comment)
{
	parse_cleanly(VM "cmdline = panic#1 a;b\n");
	cr_expect_str_eq(c.vm[0].cmdline, "panic#1 a;b");
}

Test(config, the_last_line_needs_no_newline)
{
	parse_cleanly("[cim]\nport = 80");
	cr_expect_eq(c.cim_port, 80);
}

struct bad { const char *text, *sentence; };

#define BAD_ROWS(B)	\
	B("[net]\nadress = dhcp\n", "tern.conf:2: [net] adress: unknown key, expected address?")	\
	B("[nett]\n", "tern.conf:1: [nett] unknown section, expected [net]?")	\
	B("[storage]\n", "tern.conf:1: [storage] unknown section, expected host, net, cim,")	\
	B("[net]\nmax_downtime_ms = 1\n", "tern.conf:2: [net] max_downtime_ms: not a key of this section, expected in [migration]")	\
	B("[net]\nzzzzzzzz = 1\n", "tern.conf:2: [net] zzzzzzzz: unknown key, expected one that")	\
	B("mtu = 1500\n", "tern.conf:1: mtu: stands before any section")	\
	B("[net]\n\nmtu = big\n", "tern.conf:3: [net] mtu: is \"big\", expected a number of bytes from 576 to 9000")	\
	B("[net]\nmtu = 575\n", "is \"575\", expected a number of bytes")	\
	B("[net]\nmtu = 1500x\n", "is \"1500x\"")	\
	B("[net]\nmtu =\n", "is \"\"")	\
	B("[net]\nmtu = 18446744073709551617\n", "is \"18446744073709551617\"")	\
	B("[net]\nmtu = 1500\nmtu = 1400\n", "tern.conf:3: [net] mtu: given twice, expected once; line 2 counts")	\
	B("[net]\n[host]\n[net]\n", "tern.conf:3: [net] given twice, expected once; line 1 counts")	\
	B("[net]\naddress = 10.77.0.2\n", "is \"10.77.0.2\", expected dhcp or")	\
	B("[net]\naddress = 10.77.0.256/24\n", "is \"10.77.0.256/24\"")	\
	B("[net]\naddress = 10.77.0.0/24\n", "is \"10.77.0.0/24\"")	\
	B("[net]\naddress = 10.77.0.255/24\n", "is \"10.77.0.255/24\"")	\
	B("[net]\naddress = 224.0.0.1/24\n", "is \"224.0.0.1/24\"")	\
	B("[net]\naddress = 10.77.0.2/24\ngateway = 10.78.0.1\n", "tern.conf:3: gateway: is outside the host's own network")	\
	B("[net] x\n", "tern.conf:1: [?] text behind \"]\"")	\
	B("[net lab]\n", "this section has no name, expected [net]")	\
	B("[net\nmtu = 1\n", "tern.conf:1: [?] \"[\" without \"]\"")	\
	B("[net]\nmtu\n", "tern.conf:2: [net] is neither a section nor a setting")	\
	B("[net]\n= 5\n", "is neither a section nor a setting")	\
	B("[host]\nname = \"lab\n", "tern.conf:2: [host] opening quote without a closing one")	\
	B("[host]\nname = \"lab\" a\n", "text behind the closing quote")	\
	B("[host]\nname = lab a\n", "name: is \"lab a\", expected a name of")	\
	B("[host]\nuuid = 123e4567-e89b-12d3-a456-42661417400\n", "expected a UUID like")	\
	B("[host]\nlog_level = loud\n", "is \"loud\", expected error, warn, info or debug")	\
	B("[cim]\nport = 0\n", "tern.conf:2: [cim] port: is \"0\", expected a TCP port")	\
	B("[cim]\nport = 5991\n", "tern.conf:2: port: is shared by")	\
	B("[migration]\nresume_grace_s = 3601\n", "expected a number of seconds from 0")	\
	B("[migration]\nbandwidth = 1K\n", "expected bytes per second from 64K")	\
	B("[migration]\nbandwidth = 1MB\n", "is \"1MB\"")	\
	B("[migration]\nbandwidth = 99999999999999999G\n", "is \"99999999999999999G\"")	\
	B("[peer]\n", "tern.conf:1: [peer] expected [peer NAME]")	\
	B("[peer b]\n", "tern.conf:1: [peer b] address: is missing")	\
	B("[peer b]\naddress=1.2.3.4\n[peer b]\n", "tern.conf:3: [peer b] defined twice")	\
	B("[vm]\n", "tern.conf:1: [vm] expected [vm NAME]")	\
	B("[vm a b]\n", "expected [vm NAME] with a NAME of 1 to 31")	\
	B("[host]\nname = a\001b\n", "tern.conf:2: [host] byte 0x01 at column 9, expected text")	\
	B("\xff\xfe[\0", "tern.conf:1: the file is UTF-16, expected UTF-8")

#define BAD_ROW(t, s) { t, s },
static const struct bad bad_rows[] = { BAD_ROWS(BAD_ROW) };

Test(config, each_mistake_is_told_with_file_line_key_and_expectation)
{
	for (unsigned i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
		parse(bad_rows[i].text);
		cr_expect_gt(mistakes.count, 0u, "nothing said about: %s", bad_rows[i].text);
		cr_expect_not_null(strstr(mistakes.why[0].text, bad_rows[i].sentence), "said \"%s\", expected \"%s\"",
				   mistakes.why[0].text, bad_rows[i].sentence);
	}
}

#define VM_BAD_ROWS(B)	\
	B("[vm a]\nmemory = 128M\n", "tern.conf:1: [vm a] kernel: is missing")	\
	B("[vm a]\nkernel = k\n", "tern.conf:1: [vm a] memory: is missing")	\
	B("[vm a]\nkernel = k\nmemory = 129M\n", "tern.conf:3: [vm a] memory: is \"129M\", expected a size from 16M to 3G")	\
	B("[vm a]\nkernel = k\nmemory = 4G\n", "is \"4G\"")	\
	B("[vm a]\nkernel = k\nmemory = 128\n", "is \"128\"")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nvcpus = 0\n", "vcpus: is \"0\"")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nautostart = maybe\n", "autostart: is \"maybe\", expected yes or no")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nmac = 01:00:00:00:00:01\n", "mac: is")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nmac = 52:54:00:12:34\n", "mac: is")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nmac = 52-54-00-12-34-56\n", "mac: is")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nkernal = j\n", "kernal: unknown key, expected kernel?")	\
	B("[vm a]\nkernel = k\nmemory = 128M\nfoo\n", "neither a section nor a setting")	\
	B("[vm a]\nkernel = k\nmemory = 128M\n[vm a]\nkernel = j\nmemory = 64M\n", "tern.conf:4: [vm a] defined twice")

static const struct bad vm_bad_rows[] = { VM_BAD_ROWS(BAD_ROW) };

Test(config, a_mistake_in_a_vm_section_breaks_that_vm_alone)
{
	char text[1024];

	for (unsigned i = 0; i < sizeof(vm_bad_rows) / sizeof(vm_bad_rows[0]); i++) {
		snprintf(text, sizeof(text), "%s" VM, vm_bad_rows[i].text);
		parse(text);
		cr_expect_eq(mistakes.count, 1u, "%u mistakes in: %s", mistakes.count, text);
		cr_expect_not_null(strstr(mistakes.why[0].text, vm_bad_rows[i].sentence), "said \"%s\"", mistakes.why[0].text);
		cr_assert_eq(c.vms, 2u);
		cr_expect(c.vm[0].broken, "not broken: %s", text);
		cr_expect(!c.vm[1].broken);
	}
}

Test(config, vms_may_not_share_a_mac_or_uuid)
{
	parse(VM "mac = 52:54:00:00:00:01\n[vm b]\nmemory=64M\nkernel=k\nmac = 52:54:00:00:00:01\n");
	cr_expect_eq(mistakes.count, 1u);
	cr_expect_not_null(strstr(mistakes.why[0].text, "tern.conf:5: [vm b] mac: is that of [vm web1]"));
	cr_expect(!c.vm[0].broken && c.vm[1].broken);
	parse_cleanly(VM "[vm b]\nmemory=64M\nkernel=k\n");
}

Test(config, a_wrong_value_leaves_the_default)
{
	parse("[net]\nmtu = 99\naddress = 10.0.0.1/40\n[migration]\ntracker = x\n");
	cr_expect_eq(mistakes.count, 3u);
	cr_expect_eq(c.mtu, 1500);
	cr_expect(c.dhcp);
	cr_expect_eq(c.tracker, CONFIG_TRACKER_AUTO);
}

Test(config, a_wrong_accept_from_accepts_nobody)
{
	parse("[migration]\naccept_from = 10.77.0.0/33\n");
	cr_expect_eq(mistakes.count, 1u);
	cr_expect_eq(c.accept_from_ipv4, 0xffffffffu);
	cr_expect_eq(c.accept_from_mask, 0xffffffffu);
}

Test(config, every_port_has_its_own_accept_from)
{
	parse("[cim]\naccept_from = 10.77.0.0/24\n[console]\naccept_from = 10.77.1.9\n");
	cr_expect_eq(mistakes.count, 0u);
	cr_expect_eq(c.cim_from.ipv4, IPV4(10, 77, 0, 0));
	cr_expect_eq(c.cim_from.mask, 0xffffff00u);
	cr_expect_eq(c.console_from.ipv4, IPV4(10, 77, 1, 9));
	cr_expect_eq(c.console_from.mask, 0xffffffffu);
	cr_expect_eq(c.accept_from_mask, 0u, "the migration port's is its own");
	parse("[cim]\naccept_from = all\n[console]\naccept_from = 10.0.0.1, 10.0.0.2\n");
	cr_expect_eq(mistakes.count, 2u);
	cr_expect_not(config_allows(&c.cim_from, 1, IPV4(10, 77, 0, 1)), "nobody");
	cr_expect_not(config_allows(&c.console_from, 1, IPV4(10, 0, 0, 1)), "nobody");
}

Test(config, destinations_are_a_list)
{
	parse("");
	cr_expect(config_allows(c.destinations, CONFIG_RANGES, IPV4(1, 2, 3, 4)), "anywhere, if nothing is said");
	parse("[migration]\ndestinations = 10.77.0.2 , 10.78.0.0/16,10.79.0.1\n");
	cr_expect_eq(mistakes.count, 0u);
	cr_expect(config_allows(c.destinations, CONFIG_RANGES, IPV4(10, 77, 0, 2)));
	cr_expect(config_allows(c.destinations, CONFIG_RANGES, IPV4(10, 78, 9, 9)));
	cr_expect(config_allows(c.destinations, CONFIG_RANGES, IPV4(10, 79, 0, 1)));
	cr_expect_not(config_allows(c.destinations, CONFIG_RANGES, IPV4(10, 77, 0, 3)));
}

Test(config, a_mistake_in_destinations_moves_nothing_away)
{
	static const char *const bad[] = { "10.77.0.2,", "10.77.0.2 10.77.0.3", "10.77.0.2,10.0.0.0/40", "here",
					   "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9" };

	for (unsigned i = 0; i < 5; i++) {
		char text[200];

		snprintf(text, sizeof(text), "[migration]\ndestinations = %s\n", bad[i]);
		parse(text);
		cr_expect_eq(mistakes.count, 1u, "%s", bad[i]);
		cr_expect_not(config_allows(c.destinations, CONFIG_RANGES, IPV4(10, 77, 0, 2)), "%s", bad[i]);
	}
}

Test(config, every_key_takes_what_holds_without_it)
{
	unsigned initial = 0;

	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		static union { struct config c; struct config_vm vm; } any;

		initial += config_key[i].initial != NULL;
		cr_expect(!config_key[i].initial || config_key[i].parse(&config_key[i], &any, config_key[i].initial), "%s", config_key[i].name);
		cr_expect(!config_key[i].initial || !config_key[i].required, "%s", config_key[i].name);
	}
	cr_expect_geq(initial, 17);
	parse_cleanly(VM);
	cr_expect(c.vm[0].vcpus == 1 && !strcmp(c.vm[0].cpu, "host") && !c.vm[0].autostart);
}

Test(config, clashing_ports_fall_back_to_three_that_differ)
{
	parse("[cim]\nport = 5991\n[migration]\nport = 5991\n");
	cr_expect_eq(mistakes.count, 1u);
	cr_expect(c.cim_port == 5988 && c.console_port == 5990 && c.migration_port == 5991);
}

Test(config, keys_under_a_torn_section_header_go_nowhere)
{
	parse(VM "[vm web2\nvcpus = 7\n");
	cr_expect_eq(mistakes.count, 1u);
	cr_expect_eq(c.vms, 1u);
	cr_expect(!c.vm[0].broken);
	cr_expect_eq(c.vm[0].vcpus, 1u);
}

Test(config, an_overlong_line_is_refused_and_the_next_one_read)
{
	static char text[3000];
	size_t n = (size_t)sprintf(text, "[net]\nmtu = ");

	memset(text + n, '1', 2000);
	strcpy(text + n + 2000, "\nmtu = 1400\n");
	parse(text);
	cr_expect_eq(mistakes.count, 1u);
	cr_expect_str_eq(mistakes.why[0].text, "tern.conf:2: [net] line of 2006 bytes, expected at most 1023");
	cr_expect_eq(c.mtu, 1400);
}

Test(config, a_text_that_fills_its_field_is_kept_and_one_more_byte_refused)
{
	char text[1024];

	for (int n = 511; n <= 512; n++) {
		snprintf(text, sizeof(text), VM "cmdline = %0*d\n", n, 0);
		parse(text);
		cr_expect_eq(mistakes.count, n == 511 ? 0u : 1u);
		cr_expect_eq(strlen(c.vm[0].cmdline), n == 511 ? 511u : 0u);
	}
}

Test(config, more_vms_and_peers_than_fit_are_counted_and_left_out)
{
	char text[2048] = "";

	for (int i = 0; i < CONFIG_VMS + 2; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "[vm v%d]\nmemory=16M\nkernel=k\n", i);
	parse(text);
	cr_expect_eq(c.vms, (unsigned)CONFIG_VMS);
	cr_expect_eq(mistakes.count, 2u);
	text[0] = '\0';
	for (int i = 0; i < CONFIG_PEERS + 2; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "[peer p%d]\naddress=10.0.0.%d\n", i, i + 1);
	parse(text);
	cr_expect_eq(c.peers, (unsigned)CONFIG_PEERS);
	cr_expect_eq(mistakes.count, 2u);
}

Test(config, every_torn_prefix_leaves_a_usable_configuration)
{
	static const char text[] = "[net]\naddress = 10.77.0.2/24\nmtu = 9000\n[vm a]\nmemory = 1G\nkernel = '/k'\n";

	for (size_t n = 0; n < sizeof(text); n++) {
		parse_bytes(text, n);
		cr_expect(c.mtu >= 576 && c.mtu <= 9000);
		cr_expect(c.dhcp || (c.ipv4 && c.netmask));
		for (unsigned i = 0; i < c.vms; i++)
			cr_expect(c.vm[i].broken || (c.vm[i].memory_bytes && c.vm[i].kernel[0]));
	}
}
