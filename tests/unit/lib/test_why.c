/* SPDX-License-Identifier: MIT */
#include "lib/why.h"
#include <criterion/criterion.h>
#include <string.h>
#include "lib/err.h"

Test(why, a_reason_is_cut_at_its_room)
{
	char big[400];
	struct why why;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	why_set(&why, "%s", big);
	cr_expect_eq(strlen(why.text), WHY_TEXT - 1u);
	why_set(NULL, "nobody asks");
}

Test(why, a_list_keeps_the_first_and_counts_the_rest)
{
	struct why_list list = { 0 };

	for (unsigned i = 0; i < WHY_MAX + 3; i++)
		why_add(&list, "reason %u", i);
	cr_expect_eq(list.count, WHY_MAX + 3u);
	cr_expect_str_eq(list.why[0].text, "reason 0");
	cr_expect_str_eq(list.why[WHY_MAX - 1].text, "reason 11");
	why_add(NULL, "nobody asks");
}

Test(err, every_error_has_a_phrase_of_its_own)
{
	for (int i = 0; i <= ERR_EXISTS; i++) {
		cr_expect_neq(strlen(err_text((enum err)i)), 0u);
		for (int j = 0; j < i; j++)
			cr_expect_str_neq(err_text((enum err)i), err_text((enum err)j));
	}
	cr_expect_str_eq(err_text((enum err)999), "unknown error");
}

Test(why, sentences_name_who_says_them)
{
	struct why_list list = { .count = 0 };

	why_add(&list, "said by another host");
	why_add(&list, "a VM named lab-b2 exists here already");
	why_add(&list, "lab-b has no room");
	why_add(&list, "no room on lab-b");
	why_add(&list, "my.lab-b is not lab-b.org");
	why_speaker(&list, 1, "lab-b");
	cr_expect_str_eq(list.why[0].text, "said by another host");
	cr_expect_str_eq(list.why[1].text, "lab-b: a VM named lab-b2 exists here already");
	cr_expect_str_eq(list.why[2].text, "lab-b has no room");
	cr_expect_str_eq(list.why[3].text, "no room on lab-b");
	cr_expect_str_eq(list.why[4].text, "lab-b: my.lab-b is not lab-b.org");
	list.count = WHY_MAX + 3;
	why_speaker(&list, 0, "x");
}
