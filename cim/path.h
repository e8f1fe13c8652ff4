/* SPDX-License-Identifier: MIT */
/* path.h: what the names of objects mean: namespaces, INSTANCENAME and CLASSNAME, their text form in HTTP headers. */
#pragma once
#include <stdbool.h>
#include "provider.h"
#include "request.h"

/* CIM status codes (DSP0200) that Tern gives. */
enum cim_status {
	CIM_OK = 0, CIM_ERR_FAILED = 1, CIM_ERR_INVALID_NAMESPACE = 3, CIM_ERR_INVALID_PARAMETER = 4,
	CIM_ERR_INVALID_CLASS = 5, CIM_ERR_NOT_FOUND = 6, CIM_ERR_NOT_SUPPORTED = 7,
	CIM_ERR_METHOD_NOT_AVAILABLE = 16, CIM_ERR_METHOD_NOT_FOUND = 17,
};

/* Case, slashes at the ends and '\\' for '/' don't matter. 0 if the namespace does not exist. */
unsigned namespace_find(const char *text);
/* The official spelling. */
const char *namespace_text(unsigned ns);
/* Of the request that is answered: its namespace @ns as the client spells it, a text that stays until the next one; and
 * what that is, or the official spelling of another. A client that asks in "interop" is told of "interop", or it would
 * list what is there twice. */
void namespace_ask(unsigned ns, const char *text);
const char *namespace_asked(unsigned ns);

/* The binding of key @key (case does not matter), NULL if there is none. */
const struct keybinding *path_key(const struct object_name *name, const char *key);

/* Finds the object that @name means (NULL: none), among the namespaces of @mask: class or any of its
 * superclasses, plus equal keys; host and namespace in the reference don't count. A CLASSNAME stands for the only
 * instance of that class. CIM_OK, CIM_ERR_INVALID_CLASS, CIM_ERR_NOT_FOUND, CIM_ERR_INVALID_PARAMETER. */
enum cim_status path_resolve(const struct object_name *name, unsigned mask, struct obj *out);

/* True if the decoded CIMObject header @text names the same object as @name in @ns_text; the order of keys does not
 * matter. */
bool path_text_matches(const char *text, const char *ns_text, const struct object_name *name);
