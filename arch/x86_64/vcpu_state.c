/* SPDX-License-Identifier: MIT */
#include "vcpu_state.h"

#define F(t, s, type, name, max, doc)    STATE_ROW(vcpu_state, t, s, type, name, 1, max, doc)
#define A(t, s, type, name, n, max, doc) STATE_ROW(vcpu_state, t, s, type, name, n, max, doc)
static const struct state_field fields[] = { VCPU_STATE_TABLE(F, A) };

const struct state_desc vcpu_state_desc = {
	.name = "vcpu", .type = 0x0200, .version = 2, .plain = 1, .size = sizeof(struct vcpu_state),
	.field = fields, .field_count = sizeof(fields) / sizeof(fields[0]),
};
