/* SPDX-License-Identifier: MIT */
/* fake_net_mem.h: what a test does to lwIP's memory. */
#pragma once

/* Every n-th request fails; 0: none. */
extern unsigned fake_net_mem_fail_every;
