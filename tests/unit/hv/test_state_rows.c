/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hv/vm.h"

/* Every row ever put on the wire. A row may be added here; none may change or go. */
#define LOCK "tests/golden/state_rows.txt"

/* The records of machine_state.c, and those that vm_state.c adds. */
static const struct state_desc *desc_at(unsigned i)
{
	return i < machine_state_kinds() ? machine_state_desc(i) : vm_state_desc(i - machine_state_kinds());
}

static char lock[256][160];
static unsigned locked;

static void read_lock(void)
{
	FILE *f = fopen(LOCK, "r");

	cr_assert_not_null(f, "can't open %s: run from the tree's top", LOCK);
	for (locked = 0; locked < 256 && fgets(lock[locked], sizeof(lock[0]), f);) {
		lock[locked][strcspn(lock[locked], "\n")] = 0;
		if (lock[locked][0] && lock[locked][0] != '#')
			locked++;
	}
	fclose(f);
}

static void row_text(char *out, size_t room, const struct state_desc *d, const struct state_field *f)
{
	snprintf(out, room, "%s 0x%04x tag %u u%u x %u since %u max 0x%llx %s", d->name, d->type, f->tag, f->width * 8,
		 f->count, f->since, (unsigned long long)f->max, f->name);
}

/* Whether some record still has the row that @text describes. */
static bool exists(const char *text)
{
	const struct state_desc *d;
	char row[160];

	for (unsigned i = 0; (d = desc_at(i)); i++)
		for (uint32_t n = 0; n < d->field_count; n++) {
			row_text(row, sizeof(row), d, &d->field[n]);
			if (strcmp(row, text) == 0)
				return true;
		}
	return false;
}

/* Lines of other owners' records are theirs to check. */
static bool ours(const char *text)
{
	const char *type = strstr(text, " 0x");

	return type && strtoul(type + 1, NULL, 16) < 0x0300;
}

Test(state_rows, no_row_has_changed_or_gone)
{
	read_lock();
	for (unsigned i = 0; i < locked; i++)
		cr_expect(!ours(lock[i]) || exists(lock[i]), "gone or changed: %s", lock[i]);
}

Test(state_rows, every_row_is_locked)
{
	const struct state_desc *d;
	char row[160];

	read_lock();
	for (unsigned i = 0; (d = desc_at(i)); i++)
		for (uint32_t n = 0; n < d->field_count; n++) {
			bool found = false;

			row_text(row, sizeof(row), d, &d->field[n]);
			for (unsigned k = 0; k < locked; k++)
				found |= strcmp(lock[k], row) == 0;
			cr_expect(found, "add this line to " LOCK ": %s", row);
		}
}

Test(state_rows, record_types_are_unique_and_the_machines_are_in_its_range)
{
	const struct state_desc *a, *b;

	for (unsigned i = 0; (a = desc_at(i)); i++) {
		cr_assert_eq(machine_state_owns(a->type), i < machine_state_kinds());
		cr_assert_leq(a->field_count, 64);
		for (unsigned k = i + 1; (b = desc_at(k)); k++)
			cr_assert_neq(a->type, b->type);
	}
}
