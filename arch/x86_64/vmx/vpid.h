/* SPDX-License-Identifier: MIT */
/* vpid.h: who has which virtual-processor identifier; two vCPUs with one would use each other's translations. */
#pragma once
#include <stdint.h>

/* A free one, 1 to 65535; 0: none is. What translations its last owner left is for the caller to flush. */
uint16_t vpid_get(void);
/* 0 is nobody's. */
void vpid_put(uint16_t vpid);
