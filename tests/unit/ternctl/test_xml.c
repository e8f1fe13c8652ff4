/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "tools/ternctl/text.h"
#include "tools/ternctl/xml.h"

static char why[XML_WHY];

static struct xml_document *parse(const char *s)
{
	return xml_parse(s, strlen(s), why);
}

Test(xml, elements_attributes_and_text_are_kept)
{
	struct xml_document *d = parse("<a x='1'><b>one</b><c/><b y='&lt;2'>t&amp;wo</b></a>");
	const struct xml *a, *b;

	cr_assert(d, "%s", why);
	a = xml_root(d);
	cr_assert_str_eq(a->name, "a");
	cr_assert_str_eq(xml_attribute(a, "x"), "1");
	cr_assert_null(xml_attribute(a, "y"));
	b = xml_child(a, "b");
	cr_assert_str_eq(b->text, "one");
	b = xml_next(b, "b");
	cr_assert_str_eq(b->text, "t&wo");
	cr_assert_str_eq(xml_attribute(b, "y"), "<2");
	cr_assert_null(xml_next(b, "b"));
	cr_assert_str_eq(xml_child(a, "c")->text, "");
	xml_free(d);
}

Test(xml, a_path_leads_through_children)
{
	struct xml_document *d = parse("<a><b><c>x</c></b></a>");

	cr_assert_str_eq(xml_path(xml_root(d), "b/c")->text, "x");
	cr_assert_null(xml_path(xml_root(d), "b/d"));
	cr_assert_null(xml_path(NULL, "b"));
	xml_free(d);
}

Test(xml, malformed_text_is_refused_with_a_reason)
{
	static const char *const bad[] = { "", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&nope;</a>", "<a b='1' b='2'/>",
		"<a>\xff\xfe</a>" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		cr_assert_null(parse(bad[i]), "%s", bad[i]);
		cr_assert(why[0]);
	}
}

Test(xml, a_document_type_is_refused)
{
	cr_assert_null(parse("<!DOCTYPE a [<!ENTITY e 'eeeeeeee'>]><a>&e;</a>"));
	cr_assert(strstr(why, "document type"));
}

Test(xml, depth_and_size_are_limited)
{
	struct text t = { 0 };

	for (int i = 0; i < XML_DEPTH + 1; i++)
		text_add(&t, "<a>");
	cr_assert_null(parse(t.data));
	cr_assert(strstr(why, "deep"));
	t.length = 0;
	text_add(&t, "<a>");
	for (int i = 0; i < XML_NODES; i++)
		text_add(&t, "<b></b>");
	text_add(&t, "</a>");
	cr_assert_null(parse(t.data));
	cr_assert(strstr(why, "too many elements"));
	text_free(&t);
}
