/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include "cim/embedded.h"

static struct embedded e;
static struct why why;

static void accept(const char *text)
{
	cr_assert_eq(embedded_parse(text, &e, &why), ERR_OK, "%s: %s", text, why.text);
}

static void refuse(const char *text)
{
	cr_expect_neq(embedded_parse(text, &e, &why), ERR_OK, "%s", text);
	cr_expect(why.text[0]);
}

Test(embedded, cim_xml)
{
	accept(" <INSTANCE CLASSNAME=\"C\"><QUALIFIER NAME=\"q\" TYPE=\"string\"/><PROPERTY NAME=\"A\" TYPE=\"uint16\">"
	       "<VALUE>2</VALUE></PROPERTY><PROPERTY NAME=\"B\" TYPE=\"string\"></PROPERTY><PROPERTY.ARRAY NAME=\"D\" "
	       "TYPE=\"string\"><VALUE.ARRAY><VALUE>x</VALUE><VALUE>y</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>"
	       "</INSTANCE>");
	cr_assert_str_eq(e.class, "C");
	cr_assert_eq(e.count, 3);
	cr_assert_str_eq(embedded_name(&e, 0), "A");
	cr_assert_str_eq(embedded_value(&e, 0), "2");
	cr_assert_null(embedded_value(&e, 1));
	cr_assert_str_eq(embedded_value(&e, 2), "x");
	embedded_fini(&e);
}

Test(embedded, mof)
{
	accept("// said by a client\ninstance of CIM_X as $a {\n  [Write(true)] A = 2;\n B = \"a\\\"b\" \"c\";\n"
	       " C = NULL; D = { 1, 2 }; E = {}; F = TRUE; /* end */ };\n");
	cr_assert_str_eq(e.class, "CIM_X");
	cr_assert_eq(e.count, 6);
	cr_assert_str_eq(embedded_value(&e, 0), "2");
	cr_assert_str_eq(embedded_value(&e, 1), "a\"bc");
	cr_assert_null(embedded_value(&e, 2));
	cr_assert_str_eq(embedded_value(&e, 3), "1");
	cr_assert_null(embedded_value(&e, 4));
	cr_assert_str_eq(embedded_value(&e, 5), "TRUE");
	embedded_fini(&e);
}

Test(embedded, how_a_value_is_given_is_kept)
{
	accept("instance of C { A = 1; B = {1}; D = {}; E = NULL; };");
	cr_expect_eq(embedded_kind(&e, 0), EMBEDDED_VALUE);
	cr_expect_eq(embedded_kind(&e, 1), EMBEDDED_ARRAY);
	cr_expect_eq(embedded_kind(&e, 2), EMBEDDED_NULL);
	cr_expect_eq(embedded_kind(&e, 3), EMBEDDED_NULL);
	embedded_fini(&e);
	accept("<INSTANCE CLASSNAME='C'><PROPERTY NAME='A'><VALUE>1</VALUE></PROPERTY><PROPERTY NAME='B'><VALUE.ARRAY>"
	       "<VALUE>1</VALUE></VALUE.ARRAY></PROPERTY><PROPERTY.REFERENCE NAME='D'><VALUE.REFERENCE/>"
	       "</PROPERTY.REFERENCE><PROPERTY NAME='E'/></INSTANCE>");
	cr_expect_eq(embedded_kind(&e, 0), EMBEDDED_VALUE);
	cr_expect_eq(embedded_kind(&e, 1), EMBEDDED_ARRAY);
	cr_expect_eq(embedded_kind(&e, 2), EMBEDDED_REFERENCE);
	cr_expect_eq(embedded_kind(&e, 3), EMBEDDED_NULL);
	embedded_fini(&e);
}

Test(embedded, an_empty_mof_instance)
{
	accept("instance of C {};");
	cr_assert_eq(e.count, 0);
	embedded_fini(&e);
}

Test(embedded, what_is_neither_is_refused_with_a_reason)
{
	refuse("");
	refuse("hello");
	refuse("<INSTANCE>");
	refuse("<INSTANCE/>");
	refuse("<CLASS NAME='C'/>");
	refuse("instance of");
	refuse("instance of C { A = ");
	refuse("instance of C { A = \"x };");
	refuse("instance of C { A 2; };");
	refuse("instance of C { A = 2 };");
	refuse("instance of C { }; more");
	refuse("instance of C { A = { 1, 2 ; };");
	refuse("instance of C { A = { 1 2 }; };");
	refuse("instance of C { A = { 1, { }; };");
	refuse("instance of C { A = 1; a = 2; };");
	refuse("<INSTANCE CLASSNAME='C'><PROPRETY NAME='A'><VALUE>1</VALUE></PROPRETY></INSTANCE>");
	refuse("<INSTANCE CLASSNAME='C'><PROPERTY><VALUE>1</VALUE></PROPERTY></INSTANCE>");
	refuse("<INSTANCE CLASSNAME='C'><PROPERTY NAME='A'><VALUE>1</VALUE><VALUE>2</VALUE></PROPERTY></INSTANCE>");
	refuse("<INSTANCE CLASSNAME='C'><PROPERTY NAME='A'><VALUE>1</VALUE></PROPERTY><PROPERTY NAME='a'>"
		"<VALUE>1</VALUE></PROPERTY></INSTANCE>");
}

Test(embedded, too_many_properties_are_refused)
{
	char text[4000] = "instance of C {";

	for (int n = 0; n <= EMBEDDED_PROPS; n++)
		sprintf(text + strlen(text), "A%d = 1;", n);
	strcat(text, "};");
	refuse(text);
}
