/* SPDX-License-Identifier: MIT */
/* glibc.h: the ground that Debian's libexpat.a, compiled against glibc, stands on. */
#pragma once

/* Points FS at a thread block with a stack guard. On each CPU that runs services, before the first call
 * of expat; VMX host state must keep FS_BASE. */
void glibc_init(void);
