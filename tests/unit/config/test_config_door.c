/* SPDX-License-Identifier: MIT */
/* A slip must not open a door: not in the value, and not in the key, in the section's name or in what can't be read at all. */
#include "config/config.h"
#include <criterion/criterion.h>
#include <string.h>

#define STRANGER 0xc0000201u

static struct config c;
static struct why_list mistakes;

static void closed(const char *text)
{
	memset(&mistakes, 0, sizeof(mistakes));
	config_parse(&c, "tern.conf", text, strlen(text), &mistakes);
	cr_expect_gt(mistakes.count, 0, "%s", text);
	cr_expect_not(config_allows(&c.cim_from, 1, STRANGER), "CIM is open to anyone after: %s", text);
}

Test(config_door, a_wrong_value_keeps_it_shut) { closed("[cim]\naccept_from = 10.77.0.0/33\n"); }
Test(config_door, a_misspelt_key_keeps_it_shut) { closed("[cim]\naccept_form = 10.77.0.0/24\n"); }
Test(config_door, a_misspelt_section_keeps_it_shut) { closed("[cmi]\naccept_from = 10.77.0.0/24\n"); }
Test(config_door, a_missing_equals_sign_keeps_it_shut) { closed("[cim]\naccept_from 10.77.0.0/24\n"); }
Test(config_door, a_second_section_keeps_it_shut) { closed("[cim]\nport = 5988\n[net]\nmtu = 1500\n[cim]\naccept_from = 10.77.0.0/24\n"); }

Test(config_door, a_section_without_its_bracket_keeps_it_shut) { closed("[cim\naccept_from = 10.77.0.0/24\n"); }
Test(config_door, a_torn_section_and_a_slip_keep_it_shut) { closed("[cim\nfrom = 10.77.0.0/24\n"); }
Test(config_door, a_lost_section_keeps_it_shut) { closed("[net]\nmtu = 1500\naccept_from = 10.77.0.0/24\n"); }
Test(config_door, a_key_before_any_section_keeps_it_shut) { closed("accept_from = 10.77.0.0/24\n"); }
Test(config_door, a_section_with_a_name_keeps_it_shut) { closed("[cim main]\naccept_from = 10.77.0.0/24\n"); }
Test(config_door, bytes_that_are_no_text_keep_it_shut) { closed("[cim]\n\001accept_from = 10.77.0.0/24\n"); }
Test(config_door, a_file_of_utf_16_keeps_it_shut) { closed("\xff\xfe["); }

static void parse(const char *text)
{
	memset(&mistakes, 0, sizeof(mistakes));
	config_parse(&c, "tern.conf", text, text ? strlen(text) : 0, &mistakes);
}

Test(config_door, a_file_that_is_there_and_cant_be_read_keeps_it_shut)
{
	parse(NULL);
	cr_expect_not(config_allows(&c.cim_from, 1, STRANGER));
	cr_expect_not(config_allows(&c.console_from, 1, STRANGER));
	cr_expect_not(config_allows(c.destinations, CONFIG_RANGES, STRANGER));
	cr_expect_eq(c.accept_from_mask, 0xffffffffu);
}

Test(config_door, whoever_is_shut_out_can_read_why)
{
	parse("[cim]\naccept_form = 10.77.0.0/24\n");
	cr_expect_eq(mistakes.count, 2);
	cr_expect_str_eq(mistakes.why[1].text, "tern.conf:2: [cim] accept_from: may be what this line is meant to say, "
			 "expected a.b.c.d or a.b.c.d/len; until then nobody is accepted");
}

Test(config_door, the_reason_is_told_also_where_there_are_too_many_mistakes)
{
	parse("[net]\na=1\nb=1\nc=1\nd=1\ne=1\nf=1\ng=1\nh=1\ni=1\nj=1\nk=1\nl=1\nm=1\n[cim]\naccept_form = 10.77.0.3\n"
	      "[console]\naccept = 10.77.0.3\n");
	cr_expect_eq(mistakes.count, 17);
	cr_expect(strstr(mistakes.why[WHY_MAX - 1].text, "[cim] accept_from: may be"));
	cr_expect(strstr(mistakes.why[WHY_MAX - 2].text, "[console] accept_from: may be"));
}

Test(config_door, a_slip_shuts_its_own_door_only)
{
	parse("[cim]\naccept_form = 10.77.0.0/24\n[vm web1]\nmemory = 64M\nkernel = /k\n");
	cr_expect(config_allows(&c.console_from, 1, STRANGER));
	cr_expect_eq(c.accept_from_mask, 0);
	cr_expect_not(c.vm[0].broken);
}

Test(config_door, what_the_file_says_elsewhere_holds)
{
	parse("[cim]\naccept_from = 192.0.2.0/24\naccept_form = 10.77.0.0/24\n[what]\n[cim]\naccept_from = 10.0.0.0/8\n");
	cr_expect(config_allows(&c.cim_from, 1, STRANGER));
	cr_expect_not(config_allows(&c.cim_from, 1, 0x0a4d0003));
}

/* The mistake must be read somewhere, and one in a machine's section breaks that machine. */
Test(config_door, other_sections_shut_nothing)
{
	parse("[host]\ncolour = blue\n[net]\nmtu\nspeed = 1\n[peer a]\nadress = 1.2.3.4\n[vm web1]\nmemory\nsize = 3\n[vm web1]\nmemory = 64M\n"
	      "[cim]\nport = many\n");
	cr_expect_geq(mistakes.count, 6);
	cr_expect(config_allows(&c.cim_from, 1, STRANGER));
	cr_expect(config_allows(&c.console_from, 1, STRANGER));
	cr_expect(config_allows(c.destinations, CONFIG_RANGES, STRANGER));
	cr_expect_eq(c.accept_from_mask, 0);
}

/* Not a slip, but the opposite: an entry that says "anyone" beside another one says nothing. */
Test(config_door, anyone_in_second_place_counts)
{
	static const char text[] = "[migration]\ndestinations = 10.77.0.3, 0.0.0.0/0\n";

	config_parse(&c, "tern.conf", text, strlen(text), &mistakes);
	cr_expect(config_allows(c.destinations, CONFIG_RANGES, STRANGER));
}
