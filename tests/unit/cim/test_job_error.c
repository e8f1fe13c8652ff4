/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
/* What a job says of its end, and of its two ends. */
#include <stdio.h>
#include "cim/job_error.h"
#include "cim_said.h"
#include "fake_manage.h"

static void fresh(void)
{
	fake_manage_reset();
	fake.jobs = 1;
	fake.job[0] = (struct mig_job){ .id = 1, .state = MIG_JOB_ACTIVE, .phase = MIG_PHASE_ROUNDS, .vm = "web1",
				       .peer_ipv4 = FAKE_IPV4(3), .peer_name = "lab-b" };
}

TestSuite(job_error, .init = fresh, .fini = client_gone);

#define JOB_ID "Tern:11111111-2222-4333-8444-555555555555/1"
#define JOB INSTANCENAME("Tern_MigrationJob", KEY("InstanceID", JOB_ID))

static const char *get_error(void)
{
	return client_invoke("GetError", "root/virt:Tern_MigrationJob.InstanceID=\"" JOB_ID "\"", JOB, "");
}

static const char *get_job(void)
{
	return client_ask("GetInstance", IPARAMVALUE("InstanceName", JOB));
}

static void ended(enum mig_job_state state, enum err e, const char *text)
{
	mig_job_end(&fake.job[0], state, (uint16_t)e, text, 5);
}

static void number(const char *text, const char *name, const char *type, unsigned value)
{
	char part[120];

	snprintf(part, sizeof(part), "&lt;PROPERTY NAME=&quot;%s&quot; TYPE=&quot;%s&quot;&gt;&lt;VALUE&gt;%u&lt;",
		name, type, value);
	has(text, part);
}

Test(job_error, every_error_of_a_job_has_a_number_of_its_own)
{
	const struct job_error *e, *other;

	for (int n = 1; n <= ERR_EXISTS; n++) {
		ended(MIG_JOB_FAILED, (enum err)n, "x");
		e = job_error(&fake.job[0]);
		cr_assert(e);
		cr_expect_eq(e->error, n, "%s has no row", err_text((enum err)n));
	}
	for (unsigned n = 0; (e = job_error_at(n)); n++) {
		cr_expect_eq(e->number, 1000 + n, "numbers stay: new rows go to the end");
		for (unsigned k = 0; k < n && (other = job_error_at(k)); k++)
			cr_expect(strcmp(e->text, other->text), "%s", e->text);
	}
}

Test(job_error, an_error_says_its_kind_status_and_number)
{
	ended(MIG_JOB_FAILED, ERR_TIMEOUT, "no answer from 10.77.0.3");
	number(get_error(), "ErrorType", "uint16", 2);
	number(client_said(), "ProbableCause", "uint16", 111);
	number(client_said(), "CIMStatusCode", "uint32", 1);
	has(client_said(), "&gt;TERN1002&lt;");
	has(client_said(), "no answer from 10.77.0.3");
	has(get_job(), "<PROPERTY NAME=\"ErrorCode\" TYPE=\"uint16\"><VALUE>1002<");
	ended(MIG_JOB_FAILED, ERR_VERSION, "x");
	number(get_error(), "ErrorType", "uint16", 10);
	number(client_said(), "CIMStatusCode", "uint32", 7);
	ended(MIG_JOB_FAILED, ERR_REFUSED, "x");
	number(get_error(), "ErrorType", "uint16", 9);
}

Test(job_error, what_an_operator_wished_is_no_error_code)
{
	ended(MIG_JOB_CANCELLED, ERR_REFUSED, "cancelled by an operator");
	has(get_job(), "<PROPERTY NAME=\"ErrorCode\" TYPE=\"uint16\"><VALUE>0<");
	has(client_said(), "<PROPERTY NAME=\"JobState\" TYPE=\"uint16\"><VALUE>8<");
	has(get_error(), "&gt;TERN1000&lt;");
	number(client_said(), "PerceivedSeverity", "uint16", 2);
}

Test(job_error, a_job_that_runs_waits_or_has_completed_has_no_error)
{
	fake.job[0].state = MIG_JOB_NEW;
	snprintf(fake.job[0].waits, sizeof(fake.job[0].waits), "waits for job 7");
	cr_expect_null(strstr(get_error(), "CIM_Error"), "%s", client_said());
	ended(MIG_JOB_COMPLETED, ERR_OK, "an operator forced it");
	cr_expect_null(strstr(get_error(), "CIM_Error"), "%s", client_said());
}

Test(job_error, doubt_is_an_error_while_it_lasts)
{
	fake.job[0].in_doubt = true;
	has(get_error(), "&gt;TERN1001&lt;");
}

Test(job_error, both_ends_of_a_move_are_named_by_their_roles)
{
	has(get_job(), "NAME=\"DestinationHost\" TYPE=\"string\"><VALUE>10.77.0.3<");
	has(client_said(), "NAME=\"DestinationName\" TYPE=\"string\"><VALUE>lab-b<");
	has(client_said(), "NAME=\"SourceHost\" TYPE=\"string\"><VALUE>10.77.0.2<");
	has(client_said(), "NAME=\"SourceName\" TYPE=\"string\"><VALUE>lab-a<");
	fake.job[0].incoming = true;
	has(get_job(), "NAME=\"SourceHost\" TYPE=\"string\"><VALUE>10.77.0.3<");
	has(client_said(), "NAME=\"SourceName\" TYPE=\"string\"><VALUE>lab-b<");
	has(client_said(), "NAME=\"DestinationHost\" TYPE=\"string\"><VALUE>10.77.0.2<");
	has(client_said(), "NAME=\"DestinationName\" TYPE=\"string\"><VALUE>lab-a<");
}
