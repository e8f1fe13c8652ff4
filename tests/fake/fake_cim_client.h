/* SPDX-License-Identifier: MIT */
/* fake_cim_client.h: writes the requests of a CIM client for tests. */
#pragma once
#include <stddef.h>
#include "cim/call.h"

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
/* Answers the message @text in @out, with all the work it wants; fake time passes while it waits for another host. What
 * @c then says of the outcome stays readable; there is nothing to free but @out. */
void client_answer(struct call *c, const struct call_header *h, const char *text, struct buf *out);
