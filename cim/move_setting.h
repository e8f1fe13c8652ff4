/* SPDX-License-Identifier: MIT */
/* move_setting.h: the embedded instances of a move: what MigrationSettingData asks for, and that new settings ask for
 * nothing. Each is taken in every form that clients give it: text (CIM-XML or MOF), an INSTANCE element in a VALUE or
 * alone, a reference to a setting that Tern serves. */
#pragma once
#include "call.h"
#include "host/manage.h"

/* True: @out has what MigrationSettingData asks for, as it was if that is absent. False: the call has been answered. */
bool move_setting(struct call *c, struct mig_move *out) NODISCARD;
/* NewSystemSettingData and NewResourceSettingData: true if they ask for no change, which Tern can't make on the way. */
bool move_new_settings(struct call *c) NODISCARD;
