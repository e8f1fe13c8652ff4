/* SPDX-License-Identifier: MIT */
#include "vcpu_state.h"

#define F(t, s, type, name, max, doc)    STATE_ROW(vcpu_state, t, s, type, name, 1, max, doc)
#define A(t, s, type, name, n, max, doc) STATE_ROW(vcpu_state, t, s, type, name, n, max, doc)
static const struct state_field fields[] = { VCPU_STATE_TABLE(F, A) };

const struct state_desc vcpu_state_desc = {
	.name = "vcpu", .type = 0x0200, .version = 2, .plain = 1, .size = sizeof(struct vcpu_state),
	.field = fields, .field_count = sizeof(fields) / sizeof(fields[0]),
};

#define GET(name, row)		case VCPU_##name: return s->row;
#define GET_OF(name, row, n)	case VCPU_##name ... VCPU_##name##_END: return s->row[r - VCPU_##name];
#define SET(name, row)		case VCPU_##name: s->row = (__typeof__(s->row))value; break;
#define SET_OF(name, row, n)	case VCPU_##name ... VCPU_##name##_END: \
					s->row[r - VCPU_##name] = (__typeof__(s->row[0]))value; break;

uint64_t vcpu_state_get(const struct vcpu_state *s, enum vcpu_reg r)
{
	switch (r) {
	VCPU_REGISTERS(GET)
	VCPU_REGISTER_ARRAYS(GET_OF)
	default: return 0;
	}
}

void vcpu_state_set(struct vcpu_state *s, enum vcpu_reg r, uint64_t value)
{
	switch (r) {
	VCPU_REGISTERS(SET)
	VCPU_REGISTER_ARRAYS(SET_OF)
	default: break;
	}
}
