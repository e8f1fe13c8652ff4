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
	KEY("SystemCreationClassName", "Tern_HostSystem") KEY("SystemName", "lab-a")
	KEY("CreationClassName", "Tern_VirtualSystemMigrationService") KEY("Name", "MigrationService")
	"</INSTANCENAME>";

static const char *message(char *out, const char *call)
{
	snprintf(out, ROOM + 1000, "<?xml version=\"1.0\" encoding=\"utf-8\" ?>"
		 "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"1001\" PROTOCOLVERSION=\"1.0\">"
		 "<SIMPLEREQ>%s</SIMPLEREQ></MESSAGE></CIM>", call);
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
		 KEY("CreationClassName", "Tern_VirtualSystem") KEY("Name", "%s") "</INSTANCENAME></VALUE.REFERENCE>"
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

const char *client_setting(const char *class, const char *properties)
{
	static char text[2000];

	snprintf(text, sizeof(text), "instance of %s { %s };", class ? class : "CIM_VirtualSystemMigrationSettingData",
		 properties);
	return client_string("MigrationSettingData", text);
}

const char *client_move(const char *host, const char *more)
{
	static char out[16384];

	snprintf(out, sizeof(out), "%s%s%s", client_vm("ComputerSystem", "web1"),
		 client_string("DestinationHost", host), more);
	return out;
}

struct message client_message;
static struct buf answer;

const char *client_send(const char *method, const char *object, const char *body)
{
	const struct message_header h = { .method = method, .object = object, .host = "10.77.0.2" };
	struct buf text = { 0 };
	int work = INT_MAX;

	buf_str(&text, body);
	buf_clear(&answer);
	message_begin(&client_message, &h, &text, &answer);
	for (int n = 0; message_step(&client_message, &work) == ERR_AGAIN; n++) {
		if (n == 10)
			abort();
		fake_manage_advance(FAKE_CHECK_NS);
	}
	message_fini(&client_message);
	buf_free(&text);
	return client_said();
}

const char *client_ask(const char *method, const char *params)
{
	return client_send(method, "root/virt", client_intrinsic(method, params));
}

const char *client_invoke(const char *method, const char *object, const char *target, const char *params)
{
	return client_send(method, object ? object : client_service_object, client_extrinsic(method, target, params));
}

const char *client_said(void)
{
	return answer.length ? answer.data : "";
}

void client_gone(void)
{
	buf_free(&answer);
}
