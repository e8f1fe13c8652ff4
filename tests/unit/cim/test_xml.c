/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "cim/xml.h"

static enum err parse(const char *text, struct xml_node **root)
{
	return xml_parse(text, strlen(text), root);
}

Test(xml, builds_a_tree)
{
	struct xml_node *root;

	cr_assert_eq(parse("<a x='1' y='2'>t<b>u</b>v<c/></a>", &root), ERR_OK);
	cr_assert_str_eq(root->text, "tv");
	cr_assert_str_eq(xml_attr(root, "y"), "2");
	cr_assert_null(xml_attr(root, "z"));
	cr_assert_str_eq(xml_child(root, "b")->text, "u");
	cr_assert_str_eq(xml_child(root, "c")->text, "");
	cr_assert_null(xml_child(root, "d"));
	xml_free(root);
}

Test(xml, entities_of_xml_are_resolved)
{
	struct xml_node *root;

	cr_assert_eq(parse("<a>&lt;b&gt; &amp;&#65;</a>", &root), ERR_OK);
	cr_assert_str_eq(root->text, "<b> &A");
	xml_free(root);
}

static void refused(const char *text, enum err want)
{
	struct xml_node *root;

	cr_expect_eq(parse(text, &root), want, "%.60s", text);
	cr_expect_null(root);
}

Test(xml, bad_documents_are_refused)
{
	refused("<a><b></a>", ERR_INVALID);
	refused("", ERR_INVALID);
	refused("<a/><b/>", ERR_INVALID);
	refused("<a>\xff</a>", ERR_INVALID);
	refused("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", ERR_UNSUPPORTED);
	refused("<?xml version='1.0' encoding='iso-8859-1'?><a/>", ERR_UNSUPPORTED);
}

Test(xml, depth_is_bounded)
{
	char text[1000] = "";

	for (int n = 0; n < XML_DEPTH + 1; n++)
		strcat(text, "<a>");
	refused(text, ERR_UNSUPPORTED);
}

Test(xml, the_number_of_elements_is_bounded)
{
	static char text[XML_NODES * 4 + 100] = "<r>";

	for (int n = 0; n < XML_NODES; n++)
		memcpy(text + 3 + 4 * n, "<a/>", 4);
	strcat(text, "</r>");
	refused(text, ERR_UNSUPPORTED);
}
