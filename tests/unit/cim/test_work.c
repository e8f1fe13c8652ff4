/* SPDX-License-Identifier: MIT */
/* unit: fake_manage -Wl,--wrap=strcasecmp */
/* The work of one request and of one step of the server is bounded, whatever clients ask for. */
#include <criterion/criterion.h>
#include <stdio.h>
#include "cim_clients.h"
#include "fake_cim_client.h"

static unsigned long compared;		/* names, by strcasecmp */
int __real_strcasecmp(const char *a, const char *b);
int __wrap_strcasecmp(const char *a, const char *b);

int __wrap_strcasecmp(const char *a, const char *b)
{
	compared++;
	return __real_strcasecmp(a, b);
}

static void gone(void)
{
	server_gone();
	client_gone();
}

TestSuite(work, .init = server_fresh, .fini = gone);

static const char *all_classes(void)
{
	return client_http("EnumerateClasses", "root/virt", "", client_intrinsic("EnumerateClasses",
			   BOOLEAN("DeepInheritance", "TRUE") BOOLEAN("LocalOnly", "FALSE")));
}

/* As many virtual systems and jobs as there can be. */
static void crowd(void)
{
	while (fake.vms < FAKE_VMS) {
		fake.vm[fake.vms] = fake.vm[0];
		snprintf(fake.vm[fake.vms].name, sizeof(fake.vm[0].name), "web%u", fake.vms + 10);
		fake.vms++;
	}
	for (fake.jobs = 0; fake.jobs < FAKE_JOBS; fake.jobs++) {
		fake.job[fake.jobs] = (struct mig_job){ .id = fake.jobs + 1, .state = MIG_JOB_COMPLETED,
								.ended_ns = 1 };
		snprintf(fake.job[fake.jobs].vm, sizeof(fake.job[0].vm), "web1");
	}
}

/* Bytes that clients got since the last time, and whole answers among them. */
static unsigned long heard(unsigned *answers)
{
	unsigned long bytes = 0;

	for (unsigned n = 0; n < clients; n++) {
		bytes += client[n]->out_length;
		for (const char *a = fake_channel_heard(client[n], true); (a = strstr(a, "</CIM>")); a++)
			++*answers;
	}
	return bytes;
}

Test(work, of_one_step_is_bounded_however_much_is_asked_for)
{
	unsigned long bytes = 0, steps = 0, most = 0, got;
	unsigned answers = 0;

	for (unsigned n = 0; n < 15; n++) {
		struct fake_channel *f = connect_one();

		for (int k = 0; k < 3; k++)
			fake_channel_say(f, all_classes());
	}
	for (bool more = true; more; steps++) {
		more = cim_server_step(fake.now_ns);
		got = heard(&answers);
		bytes += got;
		most = got > most ? got : most;
	}
	cr_expect_eq(answers, 45);
	cr_expect_gt(bytes, 10000000u, "the answers are large");
	cr_expect_gt(steps, bytes / 65536, "%lu bytes in %lu steps", bytes, steps);
	cr_expect_lt(most, 1000000u, "one answer leaves at once, not those of all");
}

Test(work, of_others_does_not_keep_a_small_request_waiting)
{
	struct fake_channel *f;
	unsigned steps = 0;

	for (unsigned n = 0; n < 15; n++) {
		f = connect_one();
		for (int k = 0; k < 3; k++)
			fake_channel_say(f, all_classes());
	}
	for (int n = 0; n < 20; n++)
		cr_assert(cim_server_step(fake.now_ns), "there is more to do");
	f = connect_one();
	fake_channel_say(f, client_http("EnumerateInstanceNames", "root/virt", "",
					client_intrinsic("EnumerateInstanceNames", CLASS_NAME("CIM_ComputerSystem"))));
	while (!f->out_length && steps < 1000) {
		cim_server_step(fake.now_ns);
		steps++;
	}
	cr_expect_leq(steps, 40, "%u", steps);
}

Test(work, of_reading_a_long_body_is_done_in_pieces)
{
	static char params[200000] = CLASS_NAME("CIM_System") BOOLEAN("IncludeClassOrigin", "FALSE");
	struct fake_channel *f = connect_one();
	unsigned steps = 0;

	memset(params + strlen(params), ' ', sizeof(params) - 1 - strlen(params));
	fake_channel_say(f, client_http("EnumerateInstances", "root/virt", "",
					client_intrinsic("EnumerateInstances", params)));
	while (cim_server_step(fake.now_ns))
		steps++;
	cr_expect(strstr(fake_channel_heard(f, false), "</CIM>"));
	cr_expect_gt(steps, 12, "%u", steps);
}

Test(work, done_bit_by_bit_gives_the_same_answers)
{
	static const struct { const char *method, *params; } row[] = {
		{ "EnumerateClasses", BOOLEAN("DeepInheritance", "TRUE") }, { "EnumerateClassNames", "" },
		{ "EnumerateInstances", CLASS_NAME("CIM_ManagedElement") },
		{ "EnumerateInstanceNames", CLASS_NAME("CIM_ManagedElement") },
		{ "Associators", "<IPARAMVALUE NAME=\"ObjectName\"><INSTANCENAME CLASSNAME=\"CIM_ComputerSystem\">"
		  KEY("Name", "web1") KEY("CreationClassName", "CIM_ComputerSystem") "</INSTANCENAME></IPARAMVALUE>" },
		{ "GetInstance", "" },
	};

	crowd();
	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		struct message_header h = { .method = row[n].method, .object = "root/virt", .host = "10.77.0.2" };
		struct buf body = { 0 }, slow = { 0 };
		struct message m;
		const char *whole = client_ask(row[n].method, row[n].params);
		unsigned steps = 0;
		int work;

		buf_str(&body, client_intrinsic(row[n].method, row[n].params));
		message_begin(&m, &h, &body, &slow);
		do {
			work = 1;
			steps++;
		} while (message_step(&m, &work) == ERR_AGAIN);
		message_fini(&m);
		cr_expect_str_eq(slow.data, whole, "%s", row[n].method);
		cr_expect(steps > 10 || n == 5, "%s: %u steps", row[n].method, steps);
		buf_free(&slow);
		buf_free(&body);
	}
}

Test(work, of_a_property_list_does_not_grow_with_the_instances)
{
	static char list[20000] = CLASS_NAME("CIM_ManagedElement") "<IPARAMVALUE NAME=\"PropertyList\"><VALUE.ARRAY>";
	unsigned long plain;

	crowd();
	for (int n = 0; n < 256; n++)
		sprintf(list + strlen(list), "<VALUE>Nonsense%d</VALUE>", n);
	strcat(list, "</VALUE.ARRAY></IPARAMVALUE>");
	client_ask("EnumerateInstances", list);
	compared = 0;
	client_ask("EnumerateInstances", CLASS_NAME("CIM_ManagedElement"));
	plain = compared;
	compared = 0;
	cr_assert(strstr(client_ask("EnumerateInstances", list), "Tern_MigrationJob"));
	cr_expect_lt(compared, plain + 256 * 8 * 20, "%lu names compared, %lu without a list", compared, plain);
	cr_expect_lt(plain, 100000, "%lu", plain);
}

Test(work, of_finding_an_association_does_not_grow_with_the_pairs)
{
	static const char name[] = "<IPARAMVALUE NAME=\"InstanceName\">"
		"<INSTANCENAME CLASSNAME=\"CIM_AffectedJobElement\"><KEYBINDING NAME=\"AffectedElement\">"
		"<VALUE.REFERENCE><INSTANCENAME CLASSNAME=\"CIM_ComputerSystem\">" KEY("Name", "web1")
		KEY("CreationClassName", "CIM_ComputerSystem") "</INSTANCENAME></VALUE.REFERENCE></KEYBINDING>"
		"<KEYBINDING NAME=\"AffectingElement\"><VALUE.REFERENCE><INSTANCENAME CLASSNAME=\"CIM_ConcreteJob\">"
		KEY("InstanceID", "Tern:11111111-2222-4333-8444-555555555555/32") "</INSTANCENAME></VALUE.REFERENCE>"
		"</KEYBINDING></INSTANCENAME></IPARAMVALUE>";

	crowd();
	client_ask("GetInstance", name);
	compared = 0;
	cr_assert(strstr(client_ask("GetInstance", name), "<INSTANCE CLASSNAME=\"CIM_AffectedJobElement\">"), "%s",
		client_said());
	cr_expect_lt(compared, 5000, "%lu", compared);
}
