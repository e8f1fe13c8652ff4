/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
#include <criterion/criterion.h>
#include <stdio.h>
#include "cim/provider.h"
#include "cim/request.h"
#include "fake_manage.h"

TestSuite(schema, .init = fake_manage_reset);

Test(schema, superclasses_come_before_their_subclasses)
{
	const struct cim_class *c;

	for (unsigned n = 0; (c = cim_class_at(n)); n++) {
		bool seen = !c->super;

		for (unsigned k = 0; k < n; k++)
			seen |= cim_class_at(k) == c->super;
		cr_expect(seen, "%s", c->name);
		cr_expect_eq(cim_class_find(c->name), c);
	}
}

Test(schema, every_class_fits_the_tables_of_its_readers)
{
	struct cim_member props[CIM_PROPS_MAX];
	struct cim_method_member methods[CIM_METHODS_MAX];
	const struct cim_class *c;

	for (unsigned n = 0; (c = cim_class_at(n)); n++) {
		cr_expect_lt(cim_class_props(c, props), CIM_PROPS_MAX, "%s", c->name);
		cr_expect_lt(cim_class_methods(c, methods), CIM_METHODS_MAX, "%s", c->name);
		for (const struct cim_method *m = c->method; m && m->name; m++)
			for (unsigned k = 0; m->param && m->param[k].name; k++)
				cr_expect_lt(k, REQUEST_PARAMS - 1, "%s.%s", c->name, m->name);
	}
}

Test(schema, classes_that_properties_name_exist)
{
	const struct cim_class *c;

	for (unsigned n = 0; (c = cim_class_at(n)); n++)
		for (const struct cim_field *f = c->prop; f && f->name; f++)
			cr_expect(!f->of || cim_class_find(f->of), "%s.%s", c->name, f->name);
}

Test(schema, value_maps_are_pairs)
{
	const struct cim_class *c;

	for (unsigned n = 0; (c = cim_class_at(n)); n++)
		for (const struct cim_field *f = c->prop; f && f->name; f++)
			for (const char *m = f->map; m && *m; m += strcspn(m, ";"), m += *m == ';') {
				cr_expect_lt(strcspn(m, "="), strcspn(m, ";"), "%s.%s: %.20s", c->name, f->name, m);
				cr_expect_lt(strcspn(m, ";"), 128);
			}
}

Test(schema, a_subclass_overrides_a_property_in_place)
{
	struct cim_member props[CIM_PROPS_MAX];

	cr_assert_eq(cim_class_props(&CIM_HostedService, props), 2);
	cr_assert_eq(props[0].origin, &CIM_HostedService);
	cr_assert_str_eq(props[0].field->of, "CIM_System");
}

Test(schema, a_method_is_found_in_its_most_derived_form)
{
	const struct cim_class *origin;

	cr_assert(cim_class_method(&Tern_VirtualSystem, "requeststatechange", &origin));
	cr_assert_eq(origin, &Tern_VirtualSystem);
	cr_assert(cim_class_method(&Tern_VirtualSystemMigrationService, "StartService", &origin));
	cr_assert_eq(origin, &CIM_Service);
	cr_assert_null(cim_class_method(&Tern_VirtualSystem, "Fly", &origin));
}

Test(schema, every_instance_has_all_its_keys_and_required_values)
{
	struct mig_move move = { .vm = "web1", .ipv4 = FAKE_IPV4(3) };
	const struct provider *p;
	struct inst i;
	uint32_t job;

	cr_assert_eq(manage_migrate_start(&move, &job, NULL), ERR_OK);
	fake_manage_advance(FAKE_STOP_NS);
	for (unsigned n = 0; (p = provider_at(n)); n++) {
		unsigned found = 0;

		cr_expect_eq(p->class->flags & CIM_C_ABSTRACT, 0, "%s", p->class->name);
		for (unsigned k = 0; k < provider_count(p); k++) {
			if (!provider_get((struct obj){ p, k }, false, &i))
				continue;
			found++;
			for (unsigned s = 0; s < i.count; s++)
				if (i.slot[s].field->flags & (CIM_F_KEY | CIM_F_REQUIRED))
					cr_expect(i.slot[s].set, "%s.%s", p->class->name, i.slot[s].field->name);
			inst_fini(&i);
		}
		cr_expect_gt(found, 0, "%s", p->class->name);
	}
}

Test(schema, times_are_written_as_cim_datetimes)
{
	struct inst i;

	inst_init(&i, &Tern_MigrationJob, false);
	inst_time(&i, "StartTime", 951782400000001ull);
	inst_time(&i, "TimeSubmitted", 1798761599999999ull);
	inst_interval(&i, "ElapsedTime", 93784005006000ull);
	cr_expect_str_eq(inst_text(&i, inst_slot(&i, "StartTime")), "20000229000000.000001+000");
	cr_expect_str_eq(inst_text(&i, inst_slot(&i, "TimeSubmitted")), "20261231235959.999999+000");
	cr_expect_str_eq(inst_text(&i, inst_slot(&i, "ElapsedTime")), "00000001020304.005006:000");
	inst_fini(&i);
}

Test(schema, a_job_that_has_not_started_has_no_start_time)
{
	struct inst i;

	fake.jobs = 1;
	fake.job[0] = (struct mig_job){ .id = 1, .state = MIG_JOB_NEW, .submitted_ns = 1 };
	cr_assert(provider_get((struct obj){ &provider_job, 0 }, false, &i));
	cr_expect(inst_slot(&i, "TimeSubmitted")->set);
	cr_expect_not(inst_slot(&i, "StartTime")->set);
	cr_expect_not(inst_slot(&i, "MemoryHashSource")->set);
	inst_fini(&i);
}

static const char *told(struct inst *i, const char *name)
{
	if (i->class)
		inst_fini(i);
	cr_assert(provider_get((struct obj){ &provider_job, 0 }, false, i));
	return inst_text(i, inst_slot(i, name));
}

Test(schema, the_state_of_a_job_is_told_in_numbers_of_dmtf_and_in_words)
{
	static const struct { enum mig_job_state state; const char *number; } row[] = {
		{ MIG_JOB_NEW, "2" }, { MIG_JOB_ACTIVE, "4" }, { MIG_JOB_COMPLETED, "7" }, { MIG_JOB_CANCELLED, "8" },
		{ MIG_JOB_FAILED, "10" },
	};
	struct inst i = { .class = NULL };

	fake.jobs = 1;
	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		fake.job[0] = (struct mig_job){ .id = 1, .state = row[n].state, .phase = MIG_PHASE_ROUNDS };
		cr_expect_str_eq(told(&i, "JobState"), row[n].number);
	}
	cr_expect_str_eq(told(&i, "JobStatus"), "ROUNDS");
	mig_job_lost(&fake.job[0], "reset", fake.now_ns, fake.now_ns + 1000000000);
	cr_expect_str_eq(told(&i, "JobStatus"), "link lost 0 s ago (reset), trying again for 1 s more");
	cr_expect_str_eq(told(&i, "Phase"), "ROUNDS");
	inst_fini(&i);
}

Test(schema, the_last_rounds_of_a_job_are_told_in_their_order)
{
	struct inst i = { .class = NULL };

	fake.jobs = 1;
	fake.job[0] = (struct mig_job){ .id = 1, .state = MIG_JOB_ACTIVE };
	while (fake.job[0].rounds < MIG_JOB_ROUNDS + 3) {
		fake.job[0].rounds++;
		mig_job_round(&fake.job[0])->pages = fake.job[0].rounds;
	}
	cr_expect_str_eq(told(&i, "Rounds"), "32");
	cr_expect_str_eq(told(&i, "RoundPages"), "4");
	inst_fini(&i);
}

static void submitted(char out[64])
{
	struct inst i;

	cr_assert(provider_get((struct obj){ &provider_job, 0 }, false, &i));
	snprintf(out, 64, "%s", inst_text(&i, inst_slot(&i, "TimeSubmitted")));
	inst_fini(&i);
}

Test(schema, the_times_of_a_job_stand_still)
{
	char first[64], later[64];

	fake.jobs = 1;
	fake.job[0] = (struct mig_job){ .id = 1, .state = MIG_JOB_ACTIVE, .submitted_ns = 500000000 };
	submitted(first);
	for (int n = 0; n < 30; n++) {
		fake.now_ns += 300000000;
		submitted(later);
		cr_assert_str_eq(later, first);
	}
}
