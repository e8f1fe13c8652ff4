/* SPDX-License-Identifier: MIT */
/* pm.h: ACPI fixed hardware: PM1a event and control blocks, PM timer, soft off ("ACPI Hardware Specification"). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define PM_PORT		0x600u		/* PM1a_EVT; PM1a_CNT at +4, PM_TMR at +8 */
#define PM_PORT_CNT	0x604u
#define PM_PORT_TMR	0x608u
#define PM_HZ		3579545ull
#define PM_S5		0u		/* SLP_TYP of soft off, as in the DSDT's \_S5 */

#define PM_TMR_STS	0x0001u
#define PM_PWRBTN	0x0100u

#define PM_TABLE(F, A) \
	F(1, 1, uint64_t, halves_seen, UINT64_MAX, "half wraps of the 32-bit timer that set TMR_STS") \
	F(2, 1, uint32_t, control, 0x1C07, "PM1 control") \
	F(3, 1, uint16_t, status, 0x0501, "PM1 status but TMR_STS since the last poll") \
	F(4, 1, uint16_t, enable, 0x0521, "PM1 enable")
STATE_STRUCT(pm_state, PM_TABLE)

struct pm { struct pm_state s; };

extern const struct device pm_device;

/* Presses the power button: a guest with ACPI shuts itself down. */
void pm_power_button(struct machine *m);
