/* SPDX-License-Identifier: MIT */
/* audit_rule.h: what the parts of the audit share. */
#pragma once
#include <stdbool.h>
#include "arch/x86_64/vmx/audit.h"

struct audit {
	const struct vmx_caps *caps;
	struct why_list *found;
	unsigned count;
	const char *section;		/* SDM section title, set by each part */
	uint32_t pin, proc, proc2, exit, entry;	/* the controls in force */
};

/* Reports @field when its rule does not hold. */
void audit_rule(struct audit *a, bool holds, enum vmcs_field field, const char *rule);

/* The same rule for many fields: the bits of @zero must be 0. */
struct audit_zero { enum vmcs_field field; uint64_t zero; const char *rule; };
void audit_zeros(struct audit *a, const struct audit_zero *table, unsigned count);
#define AUDIT_ZEROS(a, table) audit_zeros(a, table, sizeof(table) / sizeof((table)[0]))

void audit_canonical(struct audit *a, enum vmcs_field field);
/* A physical address whose bits @low are 0 and that is within MAXPHYADDR. */
void audit_physical(struct audit *a, enum vmcs_field field, uint64_t low);
/* IA32_PAT: each byte is one of the memory types 0, 1, 4, 5, 6, 7. */
void audit_pat(struct audit *a, enum vmcs_field field);
/* IA32_EFER: reserved bits, LMA as @long_mode says, and LME = LMA when @paging. */
void audit_efer(struct audit *a, enum vmcs_field field, bool long_mode, bool paging);

void audit_controls(struct audit *a);
void audit_injection(struct audit *a);
void audit_host(struct audit *a);
void audit_guest(struct audit *a);
void audit_guest_state(struct audit *a);
void audit_segments(struct audit *a);

#define RFLAGS_TF	(1ull << 8)
#define RFLAGS_IF	(1ull << 9)
#define RFLAGS_VM	(1ull << 17)

/* The field ENTRY_INTERRUPTION_INFO, SDM Vol. 3 "VM-Entry Controls for Event Injection". */
#define INJECT_VALID		(1u << 31)
#define INJECT_ERROR_CODE	(1u << 11)
enum inject_type {
	INJECT_EXTERNAL = 0, INJECT_NMI = 2, INJECT_EXCEPTION = 3, INJECT_SOFT_INTERRUPT = 4,
	INJECT_PRIVILEGED_EXCEPTION = 5, INJECT_SOFT_EXCEPTION = 6, INJECT_OTHER = 7,
};
static inline unsigned inject_type(uint64_t info) { return (unsigned)info >> 8 & 7; }
static inline unsigned inject_vector(uint64_t info) { return (unsigned)info & 0xff; }
