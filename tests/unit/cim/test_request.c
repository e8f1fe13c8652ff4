/* SPDX-License-Identifier: MIT */
/* libs: -lexpat */
#include <criterion/criterion.h>
#include <stdio.h>
#include "cim/request.h"

static struct request r;

static void gone(void)
{
	request_fini(&r);
}

TestSuite(request, .fini = gone);

#define NS	"<LOCALNAMESPACEPATH><NAMESPACE NAME='root'/><NAMESPACE NAME='virt'/></LOCALNAMESPACEPATH>"
#define KEY(k)	"<KEYBINDING NAME='" k "'><KEYVALUE>" k "!</KEYVALUE></KEYBINDING>"

/* Reads a message with @call in its SIMPLEREQ, in two pieces. */
static void read_call(const char *call)
{
	static char text[40000];
	size_t length = (size_t)snprintf(text, sizeof(text), "<CIM CIMVERSION='2.0' DTDVERSION='2.4'><MESSAGE ID='7' "
					 "PROTOCOLVERSION='1.0'><SIMPLEREQ>%s</SIMPLEREQ></MESSAGE></CIM>", call);

	cr_assert_eq(request_feed(&r, text, 50, false), ERR_AGAIN);
	cr_assert_eq(request_feed(&r, text + 50, length - 50, true), ERR_OK);
}

Test(request, an_imethodcall_has_a_namespace_and_parameters_in_every_form)
{
	const struct param *p;

	read_call("<IMETHODCALL NAME='GetInstance'>" NS "<IPARAMVALUE NAME='A'><VALUE>x</VALUE></IPARAMVALUE>"
		  "<IPARAMVALUE NAME='B'><CLASSNAME NAME='C'/></IPARAMVALUE><PARAMVALUE NAME='other'/>"
		  "<IPARAMVALUE NAME='D'><VALUE.ARRAY><VALUE>1</VALUE><VALUE.NULL/></VALUE.ARRAY></IPARAMVALUE>"
		  "<IPARAMVALUE NAME='E'/></IMETHODCALL>");
	cr_expect(r.is_message && !r.extrinsic && !r.multiple && !r.target);
	cr_expect_str_eq(r.dtd_version, "2.4");
	cr_expect_str_eq(r.id, "7");
	cr_expect_str_eq(r.method, "GetInstance");
	cr_expect_str_eq(r.ns_text, "root/virt");
	p = r.param;
	cr_expect_str_eq(p->text, "x");
	cr_expect_str_eq(p->value.element, "VALUE");
	p = p->next;
	cr_expect_str_eq(p->class, "C");
	cr_expect_eq(p->object->kind, NAMES_CLASS);
	p = p->next;
	cr_expect_eq(p->array->count, 2);
	cr_expect_str_eq(p->array->value->text, "1");
	cr_expect_str_eq(p->array->value->next->element, "VALUE.NULL");
	p = p->next;
	cr_expect_null(p->value.element);
	cr_expect_null(p->next);
}

Test(request, a_methodcall_has_a_target_and_references_whose_keys_may_be_references)
{
	const struct object_name *o;

	read_call("<METHODCALL NAME='M'><LOCALCLASSPATH>" NS "<CLASSNAME NAME='C'/></LOCALCLASSPATH>"
		  "<PARAMVALUE NAME='P'><VALUE.REFERENCE><INSTANCEPATH><NAMESPACEPATH><HOST>h</HOST>"
		  NS "</NAMESPACEPATH><INSTANCENAME CLASSNAME='L'><KEYBINDING NAME='A'><VALUE.REFERENCE>"
		  "<INSTANCENAME CLASSNAME='X'>" KEY("k") "</INSTANCENAME></VALUE.REFERENCE></KEYBINDING>"
		  KEY("B") "</INSTANCENAME></INSTANCEPATH></VALUE.REFERENCE></PARAMVALUE></METHODCALL>");
	cr_expect(r.extrinsic);
	cr_expect_eq(r.target->kind, NAMES_CLASS);
	cr_expect_str_eq(r.target->class, "C");
	o = r.param->object;
	cr_expect_eq(o->kind, NAMES_INSTANCE);
	cr_expect_str_eq(o->class, "L");
	cr_expect_str_eq(o->host, "h");
	cr_expect_null(o->key->value);
	cr_expect_str_eq(o->key->reference->key->value, "k!");
	cr_expect_str_eq(o->key->next->name, "B");
	cr_expect_str_eq(o->key->next->value, "B!");
	cr_expect_null(o->key->next->next);
}

Test(request, what_is_kept_of_many_is_bounded_and_all_values_are_counted)
{
	static char call[30000] = "<METHODCALL NAME='M'><PARAMVALUE NAME='A'><VALUE.ARRAY>";
	unsigned params = 0, values = 0;

	for (int n = 0; n < REQUEST_VALUES + 9; n++)
		strcat(call, "<VALUE>v</VALUE>");
	strcat(call, "</VALUE.ARRAY></PARAMVALUE>");
	for (int n = 0; n < 2 * REQUEST_PARAMS; n++)
		strcat(call, "<PARAMVALUE NAME='B'/>");
	read_call(strcat(call, "</METHODCALL>"));
	for (const struct param *p = r.param; p; p = p->next)
		params++;
	for (const struct value *v = r.param->array->value; v; v = v->next)
		values++;
	cr_expect_eq(params, REQUEST_PARAMS);
	cr_expect_eq(values, REQUEST_VALUES);
	cr_expect_eq(r.param->array->count, REQUEST_VALUES + 9);
}

Test(request, what_is_no_message_is_left_empty)
{
	static const char text[] = "<CIM CIMVERSION='2.0'><DECLARATION/></CIM>";

	cr_assert_eq(request_feed(&r, text, sizeof(text) - 1, true), ERR_OK);
	cr_expect_not(r.is_message);
	cr_expect_null(r.method);
}
