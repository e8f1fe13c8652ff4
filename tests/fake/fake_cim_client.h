/* SPDX-License-Identifier: MIT */
/* fake_cim_client.h: writes the requests of a CIM client for tests. */
#pragma once
#include <stddef.h>
#include "cim/message.h"

#define CLIENT_NS "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/><NAMESPACE NAME=\"virt\"/></LOCALNAMESPACEPATH>"

/* All return text in a static buffer of their own, valid until the next call of the same function (client_string: the
 * fourth next). */

/* The whole message round an IMETHODCALL called @method with @params as they stand. */
const char *client_intrinsic(const char *method, const char *params);
/* The same for a METHODCALL on the migration service (@target NULL) or on @target (a LOCALINSTANCEPATH's content). */
const char *client_extrinsic(const char *method, const char *target, const char *params);
/* An HTTP request for @body; @object is CIMObject, @extra further header lines with their "\r\n". */
const char *client_http(const char *method, const char *object, const char *extra, const char *body);
/* CIMObject of the migration service, and its INSTANCENAME. */
extern const char client_service_object[], client_service_name[];
/* PARAMVALUEs: a reference to virtual system @name; a string. */
const char *client_vm(const char *parameter, const char *name);
const char *client_string(const char *parameter, const char *value);
/* PARAMVALUE MigrationSettingData, as MOF with @properties (@class NULL: CIM_VirtualSystemMigrationSettingData). */
const char *client_setting(const char *class, const char *properties);
/* PARAMVALUEs of a move of web1 to @host, and @more. */
const char *client_move(const char *host, const char *more);

/* Answers the message @body, whose header has CIMMethod @method and CIMObject @object, with all the work it wants; fake
 * time passes while it waits for another host. The answer's text, "" if there is none, until the next one. */
const char *client_send(const char *method, const char *object, const char *body);
/* The same for client_intrinsic in root/virt; for client_extrinsic of the object that is @object in the header and
 * @target in the body (NULL: the migration service). */
const char *client_ask(const char *method, const char *params);
const char *client_invoke(const char *method, const char *object, const char *target, const char *params);
/* The last answer's text again, and what else became of it. */
const char *client_said(void);
extern struct message client_message;
/* Frees that text. */
void client_gone(void);

/* The notation in which tests write requests. */
#define KEY(name, value)	"<KEYBINDING NAME=\"" name "\"><KEYVALUE>" value "</KEYVALUE></KEYBINDING>"
#define INSTANCENAME(class, keys) "<INSTANCENAME CLASSNAME=\"" class "\">" keys "</INSTANCENAME>"
#define REFERENCE(name)		"<VALUE.REFERENCE>" name "</VALUE.REFERENCE>"
#define PARAMVALUE(name, value)	"<PARAMVALUE NAME=\"" name "\">" value "</PARAMVALUE>"
#define IPARAMVALUE(name, value) "<IPARAMVALUE NAME=\"" name "\">" value "</IPARAMVALUE>"
#define CLASS_PARAM(name, class) IPARAMVALUE(name, "<CLASSNAME NAME=\"" class "\"/>")
#define CLASS_NAME(class)	CLASS_PARAM("ClassName", class)
#define BOOLEAN(name, value)	IPARAMVALUE(name, "<VALUE>" value "</VALUE>")
