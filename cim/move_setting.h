/* SPDX-License-Identifier: MIT */
/* move_setting.h: the embedded instances of a move: what MigrationSettingData asks for, and that new settings ask for
 * nothing. Each is taken in every form that clients give it: text (CIM-XML or MOF), an INSTANCE element in a VALUE or
 * alone, a reference to a setting that Tern serves. */
#pragma once
#include "call.h"
#include "host/manage.h"

/* ERR_OK: @out has what MigrationSettingData asks for, as it was if that is absent. ERR_REFUSED: *value is the return
 * value and @why the reason. */
enum err move_setting(const struct call *c, struct manage_move *out, uint32_t *value, struct why *why) NODISCARD;
/* NewSystemSettingData and NewResourceSettingData: ERR_OK if they ask for no change, which Tern can't make on the way. */
enum err move_new_settings(const struct call *c, uint32_t *value, struct why *why) NODISCARD;
