/* SPDX-License-Identifier: MIT */
/* path_why.h: what is wrong with a reference that leads to no object, so that who wrote it can mend it. */
#pragma once
#include "lib/why.h"
#include "path.h"

/* Sets @why to what is wrong with the form of @name (as path_resolve takes it): class, keys, their class names. True if
 * something is; false if it is well formed, and then @why says that there is no such instance. With @of it must also
 * lead to an instance of that class (or a subclass). */
bool path_why(const struct object_name *name, const struct cim_class *of, struct why *why);
