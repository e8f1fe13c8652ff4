/* SPDX-License-Identifier: MIT */
/* unit: -lcurl */
#include <criterion/criterion.h>
#include <string.h>
#include "tools/ternctl/cim_request.h"
#include "tools/ternctl/control.h"
#include "tools/ternctl/progress.h"

#define FRAME(inner) "<?xml version='1.0'?><CIM CIMVERSION='2.0' DTDVERSION='2.0'><MESSAGE ID='1' " \
	"PROTOCOLVERSION='1.0'><SIMPLERSP>" inner "</SIMPLERSP></MESSAGE></CIM>"
#define CHECK "CheckVirtualSystemIsMigratableToHost"

static char why[CIM_WHY];
static unsigned code;

static enum ctl parse(const char *text, const char *method, bool intrinsic, struct cim_answer *out)
{
	return cim_answer_parse(text, strlen(text), method, intrinsic, out, &code, why);
}

Test(cim, a_verdict_with_reasons_is_read)
{
	struct cim_answer a;

	cr_assert_eq(parse(FRAME("<METHODRESPONSE NAME='" CHECK "'><RETURNVALUE PARAMTYPE='uint32'><VALUE>0</VALUE>"
		"</RETURNVALUE><PARAMVALUE NAME='IsMigratable' PARAMTYPE='boolean'><VALUE>FALSE</VALUE></PARAMVALUE>"
		"<PARAMVALUE NAME='Reasons' PARAMTYPE='string'><VALUE.ARRAY><VALUE>nobody answers</VALUE><VALUE>two</VALUE>"
		"</VALUE.ARRAY></PARAMVALUE></METHODRESPONSE>"), CHECK, false, &a), CTL_OK, "%s", why);
	cr_assert_eq(a.return_value, 0);
	cr_assert_not(cim_true(a.body, "IsMigratable"));
	cr_assert_eq(cim_elements(a.body, "Reasons"), 2);
	cr_assert_str_eq(cim_element(a.body, "Reasons", 0), "nobody answers");
	cr_assert_null(cim_element(a.body, "Reasons", 2));
	cim_answer_fini(&a);
}

Test(cim, a_job_reference_is_read_in_each_form_of_path)
{
	static const char *const open[] = { "", "<LOCALINSTANCEPATH><LOCALNAMESPACEPATH><NAMESPACE NAME='root'/>"
		"</LOCALNAMESPACEPATH>", "<INSTANCEPATH><NAMESPACEPATH><HOST>h</HOST></NAMESPACEPATH>" };
	static const char *const close[] = { "", "</LOCALINSTANCEPATH>", "</INSTANCEPATH>" };

	for (int i = 0; i < 3; i++) {
		struct text t = { 0 };
		struct cim_answer a;
		struct cim_path path;

		text_add(&t, "<?xml version='1.0'?><CIM><MESSAGE><SIMPLERSP><METHODRESPONSE NAME='M'><RETURNVALUE><VALUE>4096"
			 "</VALUE></RETURNVALUE><PARAMVALUE NAME='Job'><VALUE.REFERENCE>%s<INSTANCENAME CLASSNAME="
			 "'Tern_MigrationJob'><KEYBINDING NAME='InstanceID'><KEYVALUE>Tern:a:1</KEYVALUE></KEYBINDING>"
			 "</INSTANCENAME>%s</VALUE.REFERENCE></PARAMVALUE></METHODRESPONSE></SIMPLERSP></MESSAGE></CIM>",
			 open[i], close[i]);
		cr_assert_eq(parse(t.data, "M", false, &a), CTL_OK, "%s", why);
		cr_assert_eq(a.return_value, 4096);
		cr_assert(cim_reference(a.body, "Job", &path));
		cr_assert_str_eq(path.class, "Tern_MigrationJob");
		cr_assert_str_eq(cim_path_key(&path, "InstanceID"), "Tern:a:1");
		cim_answer_fini(&a);
		text_free(&t);
	}
}

Test(cim, an_error_becomes_a_sentence_with_code_and_description)
{
	struct cim_answer a;

	cr_assert_eq(parse(FRAME("<IMETHODRESPONSE NAME='GetInstance'><ERROR CODE='6' DESCRIPTION='no such thing'></ERROR>"
		"</IMETHODRESPONSE>"), "GetInstance", true, &a), CTL_NO);
	cr_assert_eq(code, 6);
	cr_assert_str_eq(why, "CIM error 6 NOT_FOUND: no such thing");
}

Test(cim, answers_of_the_wrong_shape_are_refused)
{
	static const char *const bad[] = { "", "hello", "<html></html>", "<CIM></CIM>",
		FRAME(""), FRAME("<METHODRESPONSE></METHODRESPONSE>"), FRAME("<METHODRESPONSE NAME='N'></METHODRESPONSE>"),
		FRAME("<METHODRESPONSE NAME='M'></METHODRESPONSE>"),
		FRAME("<METHODRESPONSE NAME='M'><RETURNVALUE></RETURNVALUE></METHODRESPONSE>"),
		FRAME("<METHODRESPONSE NAME='M'><RETURNVALUE><VALUE>x</VALUE></RETURNVALUE></METHODRESPONSE>"),
		FRAME("<IMETHODRESPONSE NAME='M'></IMETHODRESPONSE>") };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cim_answer a;

		why[0] = '\0';
		cr_assert_eq(parse(bad[i], "M", false, &a), CTL_CONNECTION, "%s", bad[i]);
		cr_assert(why[0]);
	}
}

Test(cim, an_empty_enumeration_has_no_instances)
{
	struct cim_answer a;

	cr_assert_eq(parse(FRAME("<IMETHODRESPONSE NAME='EnumerateInstances'></IMETHODRESPONSE>"), "EnumerateInstances",
			   true, &a), CTL_OK);
	cr_assert_null(cim_first(&a));
	cim_answer_fini(&a);
}

#define JOB "<INSTANCE CLASSNAME='Tern_MigrationJob'>" \
	"<PROPERTY NAME='Phase' TYPE='string'><VALUE>ROUNDS</VALUE></PROPERTY>" \
	"<PROPERTY NAME='PercentComplete' TYPE='uint16'><VALUE>50</VALUE></PROPERTY>" \
	"<PROPERTY NAME='Rounds' TYPE='uint32'><VALUE>2</VALUE></PROPERTY>" \
	"<PROPERTY NAME='BytesPerSecond' TYPE='uint64'><VALUE>2097152</VALUE></PROPERTY>" \
	"<PROPERTY NAME='BytesLeft' TYPE='uint64'><VALUE>18446744073709551615</VALUE></PROPERTY>" \
	"<PROPERTY NAME='ExpectedDowntimeMicroseconds' TYPE='uint64'><VALUE>120400</VALUE></PROPERTY>" \
	"<PROPERTY NAME='Incoming' TYPE='boolean'><VALUE>FALSE</VALUE></PROPERTY>" \
	"<PROPERTY NAME='Owner' TYPE='string'></PROPERTY>" \
	"<PROPERTY.ARRAY NAME='RoundPages' TYPE='uint64'><VALUE.ARRAY><VALUE>7</VALUE><VALUE>8</VALUE></VALUE.ARRAY>" \
	"</PROPERTY.ARRAY></INSTANCE>"

static const struct xml *job_of(struct cim_answer *a)
{
	cr_assert_eq(parse(FRAME("<IMETHODRESPONSE NAME='GetInstance'><IRETURNVALUE>" JOB "</IRETURNVALUE></IMETHODRESPONSE>"),
			   "GetInstance", true, a), CTL_OK, "%s", why);
	return cim_instance(a->body);
}

Test(cim, properties_are_read_by_name_and_type)
{
	struct cim_answer a;
	const struct xml *job = job_of(&a);

	cr_assert_str_eq(cim_text(job, "Phase"), "ROUNDS");
	cr_assert_eq(cim_number(job, "BytesLeft", 0), UINT64_MAX);
	cr_assert_eq(cim_number(job, "Phase", 77), 77);
	cr_assert_eq(cim_number(job, "Missing", 78), 78);
	cr_assert_null(cim_text(job, "Owner"));
	cr_assert_eq(cim_element_number(job, "RoundPages", 1), 8);
	cim_answer_fini(&a);
}

Test(progress, a_job_becomes_one_line)
{
	struct cim_answer a;
	struct text t = { 0 };

	progress_line(&t, job_of(&a));
	cr_assert_str_eq(t.data, "ROUNDS   [###############---------------]  50%  round 2  2.0 MiB/s  16777216.0 TiB left  "
			 "0 pages/s dirty  downtime about 120 ms");
	text_free(&t);
	cim_answer_fini(&a);
}

Test(progress, a_line_fits_the_columns_and_says_what_matters_first)
{
	struct cim_answer a;
	const struct xml *job = job_of(&a);
	struct text t = { 0 };

	for (unsigned columns = 40; columns < 160; columns++) {
		t.length = 0;
		progress_fit(&t, job, columns);
		cr_expect_leq(t.length, columns);
		cr_expect(strstr(t.data, "50%"), "%s", t.data);
		cr_expect(columns < 50 || strstr(t.data, "2.0 MiB/s"), "%u: %s", columns, t.data);
	}
	t.length = 0;
	progress_fit(&t, job, 60);
	cr_expect_str_eq(t.data, "ROUNDS   [#####-----]  50%  round 2  2.0 MiB/s");
	text_free(&t);
	cim_answer_fini(&a);
}

Test(json, values_follow_their_cim_types)
{
	struct cim_answer a;
	struct text t = { 0 };

	json_instance(&t, job_of(&a));
	cr_assert(strstr(t.data, "\"Phase\": \"ROUNDS\""));
	cr_assert(strstr(t.data, "\"Rounds\": 2"));
	cr_assert(strstr(t.data, "\"Incoming\": false"));
	cr_assert(strstr(t.data, "\"Owner\": null"));
	cr_assert(strstr(t.data, "\"RoundPages\": [7, 8]"));
	text_free(&t);
	cim_answer_fini(&a);
}

Test(request, names_are_escaped_in_the_body_and_in_the_header)
{
	const struct cim_path path = { "C", 1, { { "Name", "a\"<&>\nb" } } };
	const struct cim_argument arguments[] = { { "DestinationHost", "string", "x & y", NULL, false },
		{ .name = "ComputerSystem", .path = &path }, { 0 } };
	struct text body = { 0 }, object = { 0 };
	struct xml_document *d;
	char xml_why[XML_WHY];
	const struct xml *call, *name;

	cim_request_method(&body, &path, "M", arguments);
	d = xml_parse(body.data, body.length, xml_why);
	cr_assert(d, "%s", xml_why);
	call = xml_path(xml_root(d), "MESSAGE/SIMPLEREQ/METHODCALL");
	name = xml_path(call, "LOCALINSTANCEPATH/INSTANCENAME/KEYBINDING/KEYVALUE");
	cr_assert_str_eq(name->text, "a\"<&>\nb");
	cr_assert_str_eq(cim_text(call, "DestinationHost"), "x & y");
	cim_request_object(&object, &path);
	cr_assert_str_eq(object.data, "CIMObject: root/virtualization/v2%3AC.Name%3D%22a%5C%22%3C%26%3E%0Ab%22");
	xml_free(d);
	text_free(&body);
	text_free(&object);
}

Test(server, text_that_is_no_host_is_refused)
{
	static const char *const bad[] = { "", ":80", "a:", "a:0", "a:70000", "a:1x", "a/b", "u@h", "fe80::1" };
	static const char *const good[] = { "a", "a:1", "10.0.0.1:65535", "[::1]", "[::1]:80" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_null(cim_open(bad[i], 1, why), "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cim *c = cim_open(good[i], 1, why);

		cr_assert(c, "%s", good[i]);
		cim_close(c);
	}
}
