/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
#include <stdio.h>
#include "cim_said.h"
#include "fake_manage.h"

#define VM_NAME INSTANCENAME("Tern_VirtualSystem", KEY("CreationClassName", "Tern_VirtualSystem") KEY("Name", "web1"))
#define JOB_ID "Tern:11111111-2222-4333-8444-555555555555/1"
#define JOB_NAME INSTANCENAME("Tern_MigrationJob", KEY("InstanceID", JOB_ID))

static const char *force(const char *outcome, const char *accept)
{
	char params[1000];

	snprintf(params, sizeof(params), "%s%s", outcome ? client_string("Outcome", outcome) : "",
		 accept ? client_string("AcceptRisk", accept) : "");
	return client_invoke("ForceOutcome", "root/virt:Tern_MigrationJob.InstanceID=\"" JOB_ID "\"", JOB_NAME, params);
}

static const char *reclaim(const char *accept)
{
	return client_invoke("Reclaim",
		"root/virt:Tern_VirtualSystem.CreationClassName=\"Tern_VirtualSystem\",Name=\"web1\"", VM_NAME,
		      accept ? client_string("AcceptRisk", accept) : "");
}

static const char *drop(unsigned id, const char *accept)
{
	char name[400], object[100];

	snprintf(object, sizeof(object), "root/virt:Tern_MigrationRecord.InstanceID=\"Tern:MigrationRecord/%u\"", id);
	snprintf(name, sizeof(name),
		 INSTANCENAME("Tern_MigrationRecord", KEY("InstanceID", "Tern:MigrationRecord/%u")), id);
	return client_invoke("Drop", object, name, accept ? client_string("AcceptRisk", accept) : "");
}

#define RETURNS(n) "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>" #n "</VALUE></RETURNVALUE>"

/* web1 is committed to lab-d, which is never heard of again. */
static void doubt(void)
{
	struct mig_move move = { .vm = "web1", .ipv4 = FAKE_IPV4(5), .type = MIG_MOVE_LIVE };
	struct why why;
	uint32_t job;

	fake_manage_reset();
	cr_assert_eq(manage_migrate_start(&move, &job, &why), ERR_OK);
	fake_manage_advance(FAKE_DONE_NS);
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_IN_DOUBT);
}

TestSuite(force, .init = doubt, .fini = client_gone);

Test(force, without_accepting_the_risk_it_is_only_told)
{
	static const char *const accept[] = { NULL, "FALSE", "false" };

	for (unsigned i = 0; i < 3; i++) {
		const char *a = force("2", accept[i]);

		has(a, RETURNS(32768) "<PARAMVALUE NAME=\"Risk\" PARAMTYPE=\"string\"><VALUE>web1 may run twice</VALUE>"
			"</PARAMVALUE>");
		has(a, "<PARAMVALUE NAME=\"Reasons\" PARAMTYPE=\"string\"><VALUE.ARRAY><VALUE>nothing was done");
		cr_assert_eq(fake.vm[0].state, MANAGE_VM_IN_DOUBT);
	}
}

Test(force, resume_lets_the_copy_here_run)
{
	has(force("2", "TRUE"), RETURNS(0));
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_RUNNING);
	cr_assert_eq(fake.job[0].state, MIG_JOB_CANCELLED);
}

Test(force, forget_gives_it_up)
{
	has(force("3", "true"), RETURNS(0));
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_AWAY);
}

Test(force, what_does_not_apply_is_an_invalid_state)
{
	has(force("4", "TRUE"), RETURNS(4097) "<PARAMVALUE NAME=\"Reasons\"");
	has(client_said(), "no prepared copy");
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_IN_DOUBT);
	has(force("2", "TRUE"), RETURNS(0));
	has(force("2", "TRUE"), RETURNS(4097));
}

Test(force, outcomes_and_answers_that_do_not_exist_are_invalid_parameters)
{
	static const char *const bad[] = { NULL, "", "1", "5", "65538", "-2", "two", "2 3" };

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		has(force(bad[n], "TRUE"), RETURNS(5));
	has(force("2", "yes"), RETURNS(5));
	has(client_said(), "neither TRUE nor FALSE");
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_IN_DOUBT);
}

Test(force, a_job_that_is_unknown_is_not_found)
{
	fake.jobs = 0;
	has(force("2", "TRUE"), "<ERROR CODE=\"6\"");
}

Test(force, a_machine_in_doubt_is_not_reclaimed_but_forced)
{
	has(reclaim("TRUE"), RETURNS(4097));
	has(client_said(), "job 1 is open");
}

Test(force, a_machine_that_is_away_is_reclaimed_by_who_accepts_the_risk)
{
	has(force("3", "TRUE"), RETURNS(0));
	has(reclaim(NULL), RETURNS(32768) "<PARAMVALUE NAME=\"Risk\" PARAMTYPE=\"string\">"
	    "<VALUE>web1 was handed over to 10.77.0.5: started here it may run twice</VALUE>");
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_AWAY);
	has(reclaim("TRUE"), RETURNS(0));
	cr_assert_eq(fake.vm[0].state, MANAGE_VM_STOPPED);
	has(reclaim("TRUE"), RETURNS(4097));
}

Test(force, a_machine_that_is_away_shows_so_and_offers_no_state)
{
	has(force("3", "TRUE"), RETURNS(0));
	client_ask("GetInstance", IPARAMVALUE("InstanceName", VM_NAME));
	has(client_said(), "<PROPERTY NAME=\"EnabledState\" TYPE=\"uint16\"><VALUE>3</VALUE>");
	has(client_said(), "<PROPERTY NAME=\"OperatingStatus\" TYPE=\"uint16\"><VALUE>7</VALUE>");
	has(client_said(), "<VALUE>web1 was handed over to 10.77.0.5</VALUE>");
	cr_assert_null(strstr(client_said(), "\"AvailableRequestedStates\" TYPE=\"uint16\"><VALUE.ARRAY><VALUE>2"));
}

Test(force, records_are_shown_without_their_secrets)
{
	client_ask("EnumerateInstances", CLASS_NAME("Tern_MigrationRecord"));
	has(client_said(), "<VALUE>Tern:MigrationRecord/7</VALUE>");
	has(client_said(), "<PROPERTY NAME=\"RecordState\" TYPE=\"string\"><VALUE>OWNED</VALUE>");
	has(client_said(), "<PROPERTY NAME=\"VirtualSystemName\" TYPE=\"string\"><VALUE>old1</VALUE>");
	has(client_said(), "<PROPERTY NAME=\"PeerAddress\" TYPE=\"string\"><VALUE>10.77.0.4</VALUE>");
	has(client_said(), "<PROPERTY NAME=\"TimeOfRecord\" TYPE=\"datetime\">"
		"<VALUE>20260528202640.000000+000</VALUE>");
	has(client_said(), "<PROPERTY NAME=\"HoldsVirtualSystem\" TYPE=\"boolean\"><VALUE>TRUE</VALUE>");
}

Test(force, a_record_is_dropped_by_who_accepts_the_risk)
{
	has(drop(7, NULL), RETURNS(32768) "<PARAMVALUE NAME=\"Risk\" PARAMTYPE=\"string\">"
		"<VALUE>lab-c would stay in doubt about old1</VALUE>");
	cr_assert_eq(fake.records, 2);
	has(drop(7, "maybe"), RETURNS(5));
	has(drop(7, "TRUE"), RETURNS(0));
	cr_assert_eq(fake.records, 1);
	has(drop(7, "TRUE"), "<ERROR CODE=\"6\"");
}

Test(force, a_record_that_a_job_sees_to_is_not_dropped)
{
	has(drop(8, "TRUE"), RETURNS(4097));
	has(client_said(), "a job sees to gone1: force that");
	cr_assert_eq(fake.records, 2);
}
