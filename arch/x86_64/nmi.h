/* SPDX-License-Identifier: MIT */
/* nmi.h: who owns an NMI of the host. */
#pragma once

void nmi_init(void);
/* An NMI made an exit, which leaves NMIs blocked: its handler runs and unblocks them. */
void nmi_after_exit(void);
/* Logs the NMIs that came since, which a handler can't. */
void nmi_report(void);
