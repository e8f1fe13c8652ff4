/* SPDX-License-Identifier: MIT */
#include "fake_cim_client.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake_manage.h"

#define ROOM 400000

const char client_service_object[] =
	"root/virt:Tern_VirtualSystemMigrationService.CreationClassName=\"Tern_VirtualSystemMigrationService\","
	"Name=\"MigrationService\",SystemCreationClassName=\"Tern_HostSystem\",SystemName=\"lab-a\"";
const char client_service_name[] =
	"<INSTANCENAME CLASSNAME=\"Tern_VirtualSystemMigrationService\">"
	"<KEYBINDING NAME=\"SystemCreationClassName\"><KEYVALUE>Tern_HostSystem</KEYVALUE></KEYBINDING>"
	"<KEYBINDING NAME=\"SystemName\"><KEYVALUE>lab-a</KEYVALUE></KEYBINDING>"
	"<KEYBINDING NAME=\"CreationClassName\"><KEYVALUE>Tern_VirtualSystemMigrationService</KEYVALUE></KEYBINDING>"
	"<KEYBINDING NAME=\"Name\"><KEYVALUE>MigrationService</KEYVALUE></KEYBINDING></INSTANCENAME>";

static const char *message(char *out, const char *call)
{
	snprintf(out, ROOM + 1000, "<?xml version=\"1.0\" encoding=\"utf-8\" ?><CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"
		 "<MESSAGE ID=\"1001\" PROTOCOLVERSION=\"1.0\"><SIMPLEREQ>%s</SIMPLEREQ></MESSAGE></CIM>", call);
	return out;
}

const char *client_intrinsic(const char *method, const char *params)
{
	static char call[ROOM], out[ROOM + 1000];

	snprintf(call, sizeof(call), "<IMETHODCALL NAME=\"%s\">" CLIENT_NS "%s</IMETHODCALL>", method, params);
	return message(out, call);
}

const char *client_extrinsic(const char *method, const char *target, const char *params)
{
	static char call[ROOM], out[ROOM + 1000];

	snprintf(call, sizeof(call), "<METHODCALL NAME=\"%s\"><LOCALINSTANCEPATH>" CLIENT_NS "%s</LOCALINSTANCEPATH>%s"
		 "</METHODCALL>", method, target ? target : client_service_name, params);
	return message(out, call);
}

const char *client_http(const char *method, const char *object, const char *extra, const char *body)
{
	static char out[2 * ROOM];

	snprintf(out, sizeof(out), "POST /cimom HTTP/1.1\r\nHost: 10.77.0.2:5988\r\n"
		 "Content-Type: application/xml; charset=\"utf-8\"\r\nCIMOperation: MethodCall\r\nCIMMethod: %s\r\n"
		 "CIMObject: %s\r\n%sContent-Length: %zu\r\n\r\n%s", method, object, extra, strlen(body), body);
	return out;
}

const char *client_vm(const char *parameter, const char *name)
{
	static char out[1024];

	snprintf(out, sizeof(out), "<PARAMVALUE NAME=\"%s\" PARAMTYPE=\"reference\"><VALUE.REFERENCE>"
		 "<INSTANCENAME CLASSNAME=\"CIM_ComputerSystem\">"
		 "<KEYBINDING NAME=\"CreationClassName\"><KEYVALUE>Tern_VirtualSystem</KEYVALUE></KEYBINDING>"
		 "<KEYBINDING NAME=\"Name\"><KEYVALUE>%s</KEYVALUE></KEYBINDING></INSTANCENAME></VALUE.REFERENCE>"
		 "</PARAMVALUE>", parameter, name);
	return out;
}

const char *client_string(const char *parameter, const char *value)
{
	static char ring[4][8192];
	static unsigned turn;
	char *out = ring[turn++ % 4];

	snprintf(out, sizeof(ring[0]), "<PARAMVALUE NAME=\"%s\"><VALUE>%s</VALUE></PARAMVALUE>", parameter, value);
	return out;
}

void client_answer(struct call *c, const struct call_header *h, const char *text, struct buf *out)
{
	struct buf body = { 0 };
	int work = INT_MAX;

	buf_str(&body, text);
	buf_clear(out);
	call_begin(c, h, &body, out);
	for (int n = 0; call_step(c, &work) == ERR_AGAIN; n++) {
		if (n == 10)
			abort();
		fake_manage_advance(FAKE_CHECK_NS);
	}
	call_fini(c);
	buf_free(&body);
}
