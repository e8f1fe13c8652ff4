/* SPDX-License-Identifier: MIT */
/* cim_request.c: writes CIM-XML request messages. */
#include "cim_request.h"

static void head(struct text *out)
{
	text_add(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"
		 "<MESSAGE ID=\"1\" PROTOCOLVERSION=\"1.0\"><SIMPLEREQ>");
}

static void tail(struct text *out)
{
	text_add(out, "</SIMPLEREQ></MESSAGE></CIM>\n");
}

static void namespace_path(struct text *out)
{
	text_add(out, "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"></NAMESPACE>"
		 "<NAMESPACE NAME=\"virtualization\"></NAMESPACE><NAMESPACE NAME=\"v2\"></NAMESPACE>"
		 "</LOCALNAMESPACEPATH>");
}

static void instance_name(struct text *out, const struct cim_path *path)
{
	/* Names may come from an answer: they are escaped like values. */
	text_add(out, "<INSTANCENAME CLASSNAME=\"");
	text_add_xml(out, path->class);
	text_add(out, "\">");
	for (unsigned i = 0; i < path->keys; i++) {
		text_add(out, "<KEYBINDING NAME=\"");
		text_add_xml(out, path->key[i].name);
		text_add(out, "\"><KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">");
		text_add_xml(out, path->key[i].value);
		text_add(out, "</KEYVALUE></KEYBINDING>");
	}
	text_add(out, "</INSTANCENAME>");
}

void cim_request_enumerate(struct text *out, const char *class)
{
	head(out);
	text_add(out, "<IMETHODCALL NAME=\"EnumerateInstances\">");
	namespace_path(out);
	text_add(out, "<IPARAMVALUE NAME=\"ClassName\"><CLASSNAME NAME=\"%s\"></CLASSNAME></IPARAMVALUE>"
		 "<IPARAMVALUE NAME=\"LocalOnly\"><VALUE>FALSE</VALUE></IPARAMVALUE>"
		 "<IPARAMVALUE NAME=\"DeepInheritance\"><VALUE>TRUE</VALUE></IPARAMVALUE></IMETHODCALL>", class);
	tail(out);
}

void cim_request_get_instance(struct text *out, const struct cim_path *path)
{
	head(out);
	text_add(out, "<IMETHODCALL NAME=\"GetInstance\">");
	namespace_path(out);
	text_add(out, "<IPARAMVALUE NAME=\"InstanceName\">");
	instance_name(out, path);
	text_add(out, "</IPARAMVALUE><IPARAMVALUE NAME=\"LocalOnly\"><VALUE>FALSE</VALUE></IPARAMVALUE></IMETHODCALL>");
	tail(out);
}

static void argument(struct text *out, const struct cim_argument *a)
{
	text_add(out, "<PARAMVALUE NAME=\"%s\" PARAMTYPE=\"%s\"%s>", a->name,
		 a->path ? "reference" : a->embedded ? "string" : a->type,
		 a->embedded ? " EmbeddedObject=\"instance\"" : "");
	if (a->path) {
		text_add(out, "<VALUE.REFERENCE><LOCALINSTANCEPATH>");
		namespace_path(out);
		instance_name(out, a->path);
		text_add(out, "</LOCALINSTANCEPATH></VALUE.REFERENCE>");
	} else {
		text_add(out, "<VALUE>");
		text_add_xml(out, a->text);
		text_add(out, "</VALUE>");
	}
	text_add(out, "</PARAMVALUE>");
}

void cim_request_method(struct text *out, const struct cim_path *path, const char *method,
			const struct cim_argument *arguments)
{
	head(out);
	text_add(out, "<METHODCALL NAME=\"%s\"><LOCALINSTANCEPATH>", method);
	namespace_path(out);
	instance_name(out, path);
	text_add(out, "</LOCALINSTANCEPATH>");
	for (; arguments->name; arguments++)
		argument(out, arguments);
	text_add(out, "</METHODCALL>");
	tail(out);
}

void cim_request_object(struct text *out, const struct cim_path *path)
{
	struct text object = { 0 };

	text_add(&object, "%s", CIM_NAMESPACE);
	for (unsigned i = 0; path && i < path->keys; i++) {
		if (!i)
			text_add(&object, ":%s.", path->class);
		text_add(&object, "%s%s=\"", i ? "," : "", path->key[i].name);
		for (const char *s = path->key[i].value; *s; s++)
			text_add(&object, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
		text_add(&object, "\"");
	}
	text_add(out, "CIMObject: ");
	text_add_percent(out, object.data);
	text_free(&object);
}
