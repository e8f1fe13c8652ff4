/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
#include <stdio.h>
#include "cim_said.h"
#include "fake_manage.h"

TestSuite(call, .init = fake_manage_reset, .fini = client_gone);

static const char *extrinsic(const char *method, const char *params)
{
	return client_invoke(method, NULL, NULL, params);
}

static const char *check(const char *host, const char *more)
{
	return extrinsic("CheckVirtualSystemIsMigratableToHost", client_move(host, more));
}

#define GET_INSTANCE(class, keys) client_ask("GetInstance", IPARAMVALUE("InstanceName", INSTANCENAME(class, keys)))
#define WEB1_KEYS KEY("Name", "web1") KEY("CreationClassName", "CIM_ComputerSystem")
#define WEB1 INSTANCENAME("CIM_ComputerSystem", WEB1_KEYS)

#define CAPABILITIES IPARAMVALUE("ObjectName", \
	INSTANCENAME("CIM_VirtualSystemMigrationCapabilities", KEY("InstanceID", "Tern:MigrationCapabilities")))

/* What wbemcli can't read must never be sent. */
static void no_closed_tags(const char *text)
{
	static const char *const tags[] = { "IRETURNVALUE", "PROPERTY", "PROPERTY.ARRAY", "VALUE", "PARAMETER",
		"PARAMETER.REFERENCE", "PARAMVALUE", "RETURNVALUE" };

	for (const char *p = text; (p = strstr(p, "/>")); p += 2)
		for (size_t n = 0; n < sizeof(tags) / sizeof(tags[0]); n++) {
			const char *open = p;

			while (open > text && *open != '<')
				open--;
			cr_expect(strncmp(open + 1, tags[n], strlen(tags[n])), "<%s .../>", tags[n]);
		}
	lacks(text, "CDATA");
}

Test(call, answers_are_envelopes_that_wbemcli_reads)
{
	const char *a = client_ask("EnumerateInstances", CLASS_NAME("CIM_ManagedElement"));

	cr_assert_eq(strncmp(a, "<?xml version=\"1.0\"", 19), 0);
	has(a, "<MESSAGE ID=\"1001\" PROTOCOLVERSION=\"1.0\"><SIMPLERSP><IMETHODRESPONSE NAME=\"EnumerateInstances\">"
	       "<IRETURNVALUE><VALUE.NAMEDINSTANCE><INSTANCENAME");
	no_closed_tags(a);
	no_closed_tags(client_ask("GetClass", CLASS_NAME("Tern_VirtualSystemMigrationService")));
	no_closed_tags(client_ask("EnumerateInstances", CLASS_NAME("CIM_Error")));
}

Test(call, an_empty_result_is_an_open_and_a_close_tag)
{
	has(client_ask("EnumerateInstances", CLASS_NAME("CIM_ConcreteJob")), "<IRETURNVALUE></IRETURNVALUE>");
}

Test(call, a_check_returns_typed_values)
{
	const char *a = check("10.77.0.3", "");

	has(a, "<METHODRESPONSE NAME=\"CheckVirtualSystemIsMigratableToHost\"><RETURNVALUE PARAMTYPE=\"uint32\">"
	       "<VALUE>0</VALUE></RETURNVALUE><PARAMVALUE NAME=\"IsMigratable\" PARAMTYPE=\"boolean\">"
	       "<VALUE>TRUE</VALUE>");
	lacks(a, "Reasons");
}

Test(call, a_negative_check_gives_each_reason)
{
	const char *a = check("10.77.0.4", "");

	has(a, "<VALUE>FALSE</VALUE>");
	has(a, "<PARAMVALUE NAME=\"Reasons\" PARAMTYPE=\"string\"><VALUE.ARRAY><VALUE>lab-c has 64 MiB free");
	has(a, "&lt;off&gt; &amp; locked</VALUE></VALUE.ARRAY>");
}

Test(call, errors_carry_no_instances_and_no_return_value)
{
	const char *a = client_ask("EnumerateInstances", CLASS_NAME("CIM_<Odd>&amp;"));

	cr_assert_eq(strlen(a), 0, "ill-formed");
	a = client_ask("EnumerateInstances", CLASS_NAME("Odd&lt;&amp;"));
	has(a, "<ERROR CODE=\"5\" DESCRIPTION=\"there is no class Odd&lt;&amp;\"></ERROR>");
	lacks(a, "IRETURNVALUE");
}

Test(call, unknown_operations_are_7_and_unknown_methods_17)
{
	has(client_ask("OpenEnumerateInstances", ""), "<ERROR CODE=\"7\"");
	has(client_ask("ExecQuery", ""), "<ERROR CODE=\"7\"");
	has(extrinsic("Fly", ""), "<ERROR CODE=\"17\"");
}

Test(call, the_callers_spelling_of_the_method_comes_back)
{
	has(client_ask("enumerateInstanceNames", CLASS_NAME("CIM_System")), "NAME=\"enumerateInstanceNames\"");
}

Test(call, a_class_without_local_elements_is_read_with_inherited_ones_on_demand)
{
	const char *a = client_ask("GetClass", CLASS_NAME("Tern_VirtualSystem")
				  BOOLEAN("LocalOnly", "FALSE")
				  BOOLEAN("IncludeClassOrigin", "true"));

	has(a, "<PROPERTY NAME=\"CreationClassName\" TYPE=\"string\" CLASSORIGIN=\"CIM_System\" PROPAGATED=\"true\">"
	       "<QUALIFIER NAME=\"Key\" TYPE=\"boolean\"><VALUE>TRUE</VALUE>");
	a = client_ask("GetClass", CLASS_NAME("Tern_VirtualSystem"));
	lacks(a, "CreationClassName");
	has(a, "<METHOD NAME=\"RequestStateChange\" TYPE=\"uint32\" PROPAGATED=\"false\">");
}

Test(call, parameters_say_which_way_they_go)
{
	const char *a = client_ask("GetClass", CLASS_NAME("CIM_VirtualSystemMigrationService"));

	has(a, "<PARAMETER.REFERENCE NAME=\"ComputerSystem\" REFERENCECLASS=\"CIM_ComputerSystem\">"
	       "<QUALIFIER NAME=\"In\" TYPE=\"boolean\"><VALUE>TRUE</VALUE></QUALIFIER>"
	       "<QUALIFIER NAME=\"Out\" TYPE=\"boolean\"><VALUE>FALSE");
	has(a, "<QUALIFIER NAME=\"EmbeddedInstance\" TYPE=\"string\"><VALUE>CIM_VirtualSystemMigrationSettingData");
	has(a, "<VALUE>4096</VALUE>");
	has(a, "<VALUE>Method Parameters Checked - Job Started</VALUE>");
}

Test(call, a_property_list_drops_what_the_class_lacks)
{
	const char *a = client_ask("GetInstance", IPARAMVALUE("InstanceName", WEB1) IPARAMVALUE("PropertyList",
				   "<VALUE.ARRAY><VALUE>enabledstate</VALUE><VALUE>Nonsense</VALUE></VALUE.ARRAY>"));

	has(a, "<INSTANCE CLASSNAME=\"Tern_VirtualSystem\"><PROPERTY NAME=\"EnabledState\" TYPE=\"uint16\">"
	       "<VALUE>2</VALUE></PROPERTY></INSTANCE>");
}

Test(call, null_properties_have_no_value)
{
	has(client_ask("GetInstance", IPARAMVALUE("InstanceName", WEB1)),
		"<PROPERTY NAME=\"InstallDate\" TYPE=\"datetime\"></PROPERTY>");
}

Test(call, shallow_enumeration_shows_only_the_named_class_properties)
{
	const char *a = client_ask("EnumerateInstances", CLASS_NAME("CIM_System")
				  BOOLEAN("DeepInheritance", "FALSE"));

	has(a, "NameFormat");
	lacks(a, "MemoryBytes");
}

Test(call, keys_must_all_be_there_and_equal)
{
	has(GET_INSTANCE("CIM_ComputerSystem", KEY("Name", "web1")), "CODE=\"6\"");
	has(GET_INSTANCE("CIM_ComputerSystem", WEB1_KEYS KEY("Extra", "x")), "CODE=\"6\"");
	has(GET_INSTANCE("CIM_ComputerSystem", KEY("Name", "WEB1") KEY("CreationClassName", "CIM_ComputerSystem")),
		"CODE=\"6\"");
	has(GET_INSTANCE("CIM_ComputerSystem", KEY("Name", "web1") KEY("CreationClassName", "CIM_Service")),
		"CODE=\"6\"");
	has(client_ask("GetInstance", ""), "CODE=\"4\"");
}

Test(call, a_single_key_may_be_unnamed)
{
	has(GET_INSTANCE("CIM_VirtualSystemMigrationCapabilities", "<KEYVALUE>Tern:MigrationCapabilities</KEYVALUE>"),
		"DestinationHostFormatsSupported");
}

Test(call, an_association_instance_can_be_read_by_its_references)
{
	const char *service = client_service_name;
	char params[4000];

	snprintf(params, sizeof(params), "<IPARAMVALUE NAME=\"InstanceName\">"
		 "<INSTANCENAME CLASSNAME=\"CIM_HostedService\"><KEYBINDING NAME=\"Dependent\"><VALUE.REFERENCE>"
		 "<INSTANCEPATH><NAMESPACEPATH><HOST>http</HOST><LOCALNAMESPACEPATH><NAMESPACE NAME=\"\"/>"
		 "</LOCALNAMESPACEPATH></NAMESPACEPATH>%s</INSTANCEPATH></VALUE.REFERENCE></KEYBINDING>"
		 "<KEYBINDING NAME=\"Antecedent\"><VALUE.REFERENCE><INSTANCENAME CLASSNAME=\"Tern_HostSystem\">"
		 KEY("Name", "lab-a") KEY("CreationClassName", "Tern_HostSystem") "</INSTANCENAME></VALUE.REFERENCE>"
		 "</KEYBINDING></INSTANCENAME></IPARAMVALUE>", service);
	has(client_ask("GetInstance", params), "<INSTANCE CLASSNAME=\"CIM_HostedService\">"
	    "<PROPERTY.REFERENCE NAME=\"Antecedent\" REFERENCECLASS=\"CIM_System\"><VALUE.REFERENCE>");
}

Test(call, settings_reach_the_host)
{
	check("10.77.0.3", client_setting(NULL, "Priority = 7; Bandwidth = 40; Verify = 2;"));
	cr_assert_eq(fake.last.priority, 7);
	cr_assert_eq(fake.last.bandwidth_percent, 40);
	cr_assert_eq(fake.last.verify, MIG_VERIFY_FULL);
	cr_assert_eq(fake.last.type, 2);
}

Test(call, what_a_move_may_ask_for_reaches_the_host)
{
	check("10.77.0.3", client_setting("Tern_VirtualSystemMigrationSettingData",
					  "MaxDowntime = 600000; WhenStuck = 3;"));
	cr_expect_eq(fake.last.max_downtime_ms, 600000);
	cr_expect_eq(fake.last.stuck, MIG_STUCK_THROTTLE);
	check("10.77.0.3", client_setting(NULL, "Priority = 1;"));
	cr_expect_eq(fake.last.max_downtime_ms, 0);
	cr_expect_eq(fake.last.stuck, MIG_STUCK_DEFAULT);
}

Test(call, what_a_move_may_not_ask_for_is_refused_by_name)
{
	static const struct { const char *name, *value; } row[] = {
		{ "MaxDowntime", "600001" }, { "MaxDowntime", "-1" }, { "MaxDowntime", "soon" },
		{ "MaxDowntime", "4294967297" },
		{ "WhenStuck", "4" }, { "WhenStuck", "throttle" }, { "Bandwidth", "101" }, { "Priority", "65536" },
	};

	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		char text[160];
		const char *a;

		snprintf(text, sizeof(text), "%s = \"%s\";", row[n].name, row[n].value);
		a = check("10.77.0.3", client_setting(NULL, text));
		has(a, "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>4</VALUE>");
		has(a, row[n].name);
		lacks(a, "\"IsMigratable\"");
	}
}

Test(call, defaults_and_limits_of_a_move_can_be_read)
{
	const char *a;

	fake.host.max_downtime_ms = 250;
	fake.host.when_stuck = MIG_STUCK_FAIL;
	a = client_ask("EnumerateInstances", CLASS_NAME("CIM_VirtualSystemMigrationSettingData"));
	has(a, "<PROPERTY NAME=\"MaxDowntime\" TYPE=\"uint32\"><VALUE>250</VALUE>");
	has(a, "<PROPERTY NAME=\"WhenStuck\" TYPE=\"uint16\"><VALUE>2</VALUE>");
	has(a, "Tern:MigrationSettingData/Minimums");
	has(a, "<PROPERTY NAME=\"MaxDowntime\" TYPE=\"uint32\"><VALUE>600000</VALUE>");
	a = client_ask("References", CAPABILITIES CLASS_PARAM("ResultClass", "CIM_SettingsDefineCapabilities"));
	has(a, "NAME=\"ValueRange\" TYPE=\"uint16\"><VALUE>1</VALUE>");
	has(a, "NAME=\"ValueRange\" TYPE=\"uint16\"><VALUE>2</VALUE>");
	has(client_ask("GetClass", CLASS_NAME("Tern_VirtualSystemMigrationSettingData")), "<VALUE>Throttle</VALUE>");
}

static const char *check_type(const char *type)
{
	char text[160];

	snprintf(text, sizeof(text), "MigrationType = %s;", type);
	return check("10.77.0.3", client_setting(NULL, text));
}

Test(call, a_migration_type_that_can_be_done_reaches_the_host_and_0_means_live)
{
	static const struct { const char *text; uint16_t type; } row[] = { { "0", 2 }, { "2", 2 }, { "3", 3 },
		{ "4", 4 } };

	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		has(check_type(row[n].text), "\"IsMigratable\"");
		cr_expect_eq(fake.last.type, row[n].type, "%s", row[n].text);
	}
}

static const char *check_db1(const char *type)
{
	char params[2000], text[160];

	snprintf(text, sizeof(text), "MigrationType = %s;", type);
	snprintf(params, sizeof(params), "%s%s%s", client_vm("ComputerSystem", "db1"),
		 client_string("DestinationHost", "10.77.0.3"), client_setting(NULL, text));
	return extrinsic("CheckVirtualSystemIsMigratableToHost", params);
}

Test(call, a_machine_that_is_off_moves_by_restart_only)
{
	has(check_db1("2"), "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>5</VALUE>");
	has(check_db1("3"), "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>5</VALUE>");
	has(check_db1("4"), "\"IsMigratable\"");
}

Test(call, other_migration_types_are_an_invalid_parameter_by_name)
{
	static const char *const type[] = { "1", "5", "32768", "65535", "65536", "-1", "x" };

	for (unsigned n = 0; n < sizeof(type) / sizeof(type[0]); n++) {
		const char *a = check_type(type[n]);

		has(a, "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>4</VALUE>");
		has(a, "MigrationType");
		lacks(a, "\"IsMigratable\"");
	}
}

Test(call, the_supported_migration_types_are_points_beside_the_default)
{
	const char *a = client_ask("References", CAPABILITIES
				   CLASS_PARAM("ResultClass", "CIM_SettingsDefineCapabilities"));
	static const char role[] = "NAME=\"ValueRole\" TYPE=\"uint16\"><VALUE>";
	unsigned defaults = 0, supported = 0;

	for (const char *at = a; (at = strstr(at, role)); at++)
		*(at[sizeof(role) - 1] == '0' ? &defaults : &supported) += 1;
	cr_expect_eq(defaults, 1, "%s", a);
	cr_expect_eq(supported, 5, "three types, two limits: %s", a);
	a = client_ask("EnumerateInstances", CLASS_NAME("CIM_VirtualSystemMigrationSettingData"));
	has(a, "Tern:MigrationSettingData/Default");
	has(a, "Tern:MigrationSettingData/Resume");
	has(a, "Tern:MigrationSettingData/Restart");
}

Test(call, new_settings_that_ask_for_nothing_are_accepted)
{
	has(check("10.77.0.3", PARAMVALUE("NewSystemSettingData", "")), "TRUE");
	has(check("10.77.0.3", client_string("NewSystemSettingData",
					     "instance of CIM_VirtualSystemSettingData { InstanceID = \"a\"; };")),
					     "TRUE");
	has(check("10.77.0.3", PARAMVALUE("NewResourceSettingData", "<VALUE.ARRAY></VALUE.ARRAY>")), "TRUE");
}

Test(call, new_settings_that_ask_for_something_are_not_ignored)
{
	const char *a = check("10.77.0.3", PARAMVALUE("NewResourceSettingData", "<VALUE.ARRAY>"
			      "<VALUE>instance of CIM_ResourceAllocationSettingData {}; </VALUE>"
			      "<VALUE>instance of Xen_MemResourceAllocationSettingData { Limit = 3; };</VALUE>"
			      "</VALUE.ARRAY>"));

	has(a, "<VALUE>6</VALUE>");
	has(a, "Limit");
	lacks(a, "\"IsMigratable\"");
}

Test(call, unknown_parameters_are_refused)
{
	has(check("10.77.0.3", client_string("Speed", "9")), "<ERROR CODE=\"4\" "
	    "DESCRIPTION=\"CheckVirtualSystemIsMigratableToHost has no parameter Speed\"");
}

Test(call, too_many_checks_at_once_fail_with_a_reason)
{
	for (unsigned n = 0; n < FAKE_CHECKS; n++)
		fake.check[n].used = true;
	has(check("10.77.0.3", ""), "<VALUE>2</VALUE></RETURNVALUE><PARAMVALUE NAME=\"Reasons\"");
}

Test(call, a_dropped_call_gives_its_check_up)
{
	const char *method = "CheckVirtualSystemIsMigratableToHost";
	struct message_header h = { .method = method, .object = client_service_object };
	struct buf body = { 0 }, out = { 0 };
	struct message m;
	int work = 1000;

	buf_str(&body, client_extrinsic(method, NULL, client_move("10.77.0.3", "")));
	message_begin(&m, &h, &body, &out);
	cr_assert_eq(message_step(&m, &work), ERR_AGAIN);
	cr_assert(message_waits(&m));
	message_fini(&m);
	buf_free(&body);
	buf_free(&out);
	cr_assert_eq(fake.drops, 1);
}

Test(call, key_order_and_encoding_of_the_header_do_not_matter)
{
	const char *object =
		"root%2FVirt%3ATern_VirtualSystemMigrationService.SystemName=%22lab-a%22,Name=%22MigrationService%22,"
		"SystemCreationClassName=\"Tern_HostSystem\",CreationClassName=\"Tern_VirtualSystemMigrationService\"";

	has(client_invoke("StopService", object, NULL, ""), "RETURNVALUE");
}

Test(call, a_header_that_names_another_object_is_a_mismatch)
{
	static const char *const wrong[] = {
		"root/virt:Tern_VirtualSystemMigrationService", "root/virt", "root/interop:X", "", "%zz",
		"root/virt:Tern_VirtualSystemMigrationService.CreationClassName=\"Tern_VirtualSystemMigrationService\","
		"Name=\"MigrationService\",SystemCreationClassName=\"Tern_HostSystem\",SystemName=\"lab-b\"",
		"root/virt:Tern_VirtualSystemMigrationService.CreationClassName=\"Tern_VirtualSystemMigrationService\","
		"Name=\"MigrationService\",SystemCreationClassName=\"Tern_HostSystem\",SystemName=\"lab-a",
	};

	for (size_t n = 0; n < sizeof(wrong) / sizeof(wrong[0]) - 1; n++) {
		client_invoke("StopService", wrong[n], NULL, "");
		cr_expect_eq(client_message.http_status, 400, "%s", wrong[n]);
		cr_expect_str_eq(client_message.http_error, "header-mismatch");
	}
}

Test(call, extrinsic_method_names_are_compared_exactly_with_the_header)
{
	client_send("stopservice", client_service_object, client_extrinsic("StopService", NULL, ""));
	cr_assert_eq(client_message.http_status, 400);
}

Test(call, the_job_of_a_migration_can_be_followed)
{
	const char *a, *at, *end;
	char name[2000];

	a = extrinsic("MigrateVirtualSystemToHost", client_move("10.77.0.3", ""));
	has(a, "<VALUE>4096</VALUE></RETURNVALUE><PARAMVALUE NAME=\"Job\" PARAMTYPE=\"reference\"><VALUE.REFERENCE>");
	at = strstr(a, "<INSTANCENAME");
	end = strstr(at, "</INSTANCENAME>");
	snprintf(name, sizeof(name), "<IPARAMVALUE NAME=\"InstanceName\">%.*s</INSTANCENAME></IPARAMVALUE>",
		(int)(end - at), at);
	fake_manage_advance(FAKE_ROUNDS_NS + 2 * FAKE_ROUND_NS);
	a = client_ask("GetInstance", name);
	has(a, "<PROPERTY NAME=\"JobState\" TYPE=\"uint16\"><VALUE>4</VALUE>");
	has(a, "<PROPERTY.ARRAY NAME=\"RoundPages\" TYPE=\"uint64\"><VALUE.ARRAY><VALUE>1000</VALUE><VALUE>500</VALUE>"
		"</VALUE.ARRAY>");
	fake_manage_advance(FAKE_DONE_NS);
	a = client_ask("GetInstance", name);
	has(a, "<PROPERTY NAME=\"PercentComplete\" TYPE=\"uint16\"><VALUE>100</VALUE>");
}

Test(call, a_verdict_of_no_never_comes_without_a_reason)
{
	fake.silent = true;
	has(check("10.77.0.4", ""), "<VALUE>FALSE</VALUE></PARAMVALUE><PARAMVALUE NAME=\"Reasons\" "
		"PARAMTYPE=\"string\"><VALUE.ARRAY><VALUE>");
}

Test(call, repeated_keys_do_not_match)
{
	has(GET_INSTANCE("CIM_ComputerSystem", WEB1_KEYS KEY("Name", "web1")), "CODE=\"6\"");
}

Test(call, a_long_property_list_is_refused)
{
	static char list[20000];

	for (int n = 0; n < 300; n++)
		strcat(list, "<VALUE>Name</VALUE>");
	strcat(strcat(strcpy(list + 10000, "<IPARAMVALUE NAME=\"PropertyList\"><VALUE.ARRAY>"), list),
	       "</VALUE.ARRAY></IPARAMVALUE>" CLASS_NAME("CIM_System"));
	has(client_ask("EnumerateInstances", list + 10000), "<ERROR CODE=\"4\"");
}

Test(call, what_is_no_address_of_a_host_is_an_invalid_parameter)
{
	static const char *const bad[] = { "10.77.0", "10.77.0.3.4", "10.77.0.256", "10.77.0.3x", "10..0.3",
		"010.77.0.3", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "lab-z", " ", "::1" };

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		has(check(bad[n], ""), "<VALUE>4</VALUE></RETURNVALUE><PARAMVALUE NAME=\"Reasons\"");
}

Test(call, refusals_to_start_become_the_values_of_the_value_map)
{
	static const struct { enum err e; const char *value; } row[] = {
		{ ERR_INVALID, "<VALUE>4</VALUE>" }, { ERR_STATE, "<VALUE>5</VALUE>" },
		{ ERR_UNSUPPORTED, "<VALUE>1</VALUE>" },
		{ ERR_NOTFOUND, "<VALUE>5</VALUE>" }, { ERR_SPACE, "<VALUE>2</VALUE>" },
		{ ERR_TIMEOUT, "<VALUE>3</VALUE>" },
		{ ERR_EXISTS, "<VALUE>6</VALUE>" },
	};

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		fake.refuse = row[n].e;
		has(check("10.77.0.3", ""), row[n].value);
		has(client_said(), "told to refuse");
	}
}

static const char *in_namespace(const char *ns, const char *method, const char *params)
{
	static char body[8000];
	char name[200] = "";
	const char *slash = strchr(ns, '/');

	if (slash)
		snprintf(name, sizeof(name), "<NAMESPACE NAME=\"%.*s\"/>", (int)(slash - ns), ns);
	snprintf(name + strlen(name), sizeof(name) - strlen(name), "<NAMESPACE NAME=\"%s\"/>", slash ? slash + 1 : ns);
	snprintf(body, sizeof(body), "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"
		 "<MESSAGE ID=\"1\" PROTOCOLVERSION=\"1.0\"><SIMPLEREQ><IMETHODCALL NAME=\"%s\">"
		 "<LOCALNAMESPACEPATH>%s</LOCALNAMESPACEPATH>%s</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>", method,
		 name, params);
	return client_send(method, ns, body);
}

Test(call, a_client_finds_each_namespace_once_and_its_own_among_them)
{
	static const char *const alias[] = { "interop", "root/interop" };

	for (unsigned n = 0; n < 2; n++) {
		const char *a = in_namespace(alias[n], "EnumerateInstanceNames", CLASS_NAME("CIM_Namespace"));
		char key[80];

		snprintf(key, sizeof(key), "<KEYBINDING NAME=\"Name\"><KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">"
			"%s<", alias[n]);
		has(a, key);
		snprintf(key, sizeof(key), ">%s<", alias[!n]);
		lacks(a, key);
		has(a, ">root/virtualization/v2<");
	}
}

Test(call, a_method_on_a_class_means_its_only_instance_in_the_namespace_asked)
{
	static const char call_text[] = "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"
		"<MESSAGE ID=\"1\" PROTOCOLVERSION=\"1.0\"><SIMPLEREQ><METHODCALL NAME=\"StopService\">"
		"<LOCALCLASSPATH>%s<CLASSNAME NAME=\"CIM_Service\"/></LOCALCLASSPATH></METHODCALL></SIMPLEREQ>"
		"</MESSAGE></CIM>";
	char text[1000];

	snprintf(text, sizeof(text), call_text, CLIENT_NS);
	has(client_send("StopService", "root/virt:CIM_Service", text), "<RETURNVALUE PARAMTYPE=\"uint32\">"
		"<VALUE>1</VALUE>");
	has(client_said(), "Tern_VirtualSystemMigrationService does not support StopService");
	snprintf(text, sizeof(text), call_text, "<LOCALNAMESPACEPATH><NAMESPACE NAME=\"root\"/>"
		"<NAMESPACE NAME=\"interop\"/></LOCALNAMESPACEPATH>");
	lacks(client_send("StopService", "root/interop:CIM_Service", text), "Tern_VirtualSystemMigrationService");
}

Test(call, what_is_wrong_with_a_name_is_said)
{
	has(GET_INSTANCE("CIM_ComputerSystem", KEY("Name", "web1")), "lacks the key CreationClassName");
	has(GET_INSTANCE("CIM_ComputerSystem", WEB1_KEYS KEY("Extra", "x")), "key Extra");
	has(client_ask("Associators", IPARAMVALUE("ObjectName", INSTANCENAME("CIM_ComputerSystem",
	    KEY("Name", "web1")))), "lacks the key CreationClassName");
	has(GET_INSTANCE("CIM_Nonsense", ""), "no class CIM_Nonsense");
}

static const char *start_db1(void)
{
	return client_invoke("RequestStateChange",
			     "root/virt:Tern_VirtualSystem.CreationClassName=\"Tern_VirtualSystem\",Name=\"db1\"",
			     INSTANCENAME("Tern_VirtualSystem", KEY("CreationClassName", "Tern_VirtualSystem")
					  KEY("Name", "db1")), client_string("RequestedState", "2"));
}

Test(call, a_machine_that_can_not_be_started_fails_and_is_no_method_that_is_not_supported)
{
	fake.refuse = ERR_UNSUPPORTED;
	has(start_db1(), "<VALUE>4</VALUE></RETURNVALUE><PARAMVALUE NAME=\"Reasons\"");
}

Test(call, a_start_that_another_host_is_asked_for_waits_for_the_answer)
{
	fake.asks = 3;
	has(start_db1(), "<VALUE>0</VALUE></RETURNVALUE>");
	cr_expect_eq(fake.asks, 0);
}

Test(call, an_object_is_named_with_host_and_namespace_and_returned_whole)
{
	static const char path[] = "<INSTANCEPATH><NAMESPACEPATH><HOST>10.77.0.2</HOST><LOCALNAMESPACEPATH>"
		"<NAMESPACE NAME=\"root\"></NAMESPACE><NAMESPACE NAME=\"virt\"></NAMESPACE></LOCALNAMESPACEPATH>"
		"</NAMESPACEPATH><INSTANCENAME CLASSNAME=\"Tern_VirtualSystemMigrationService\">"
		"<KEYBINDING NAME=\"Name\"><KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">MigrationService</KEYVALUE>"
		"</KEYBINDING>";
	static const char assoc[] =
		IPARAMVALUE("ObjectName", WEB1) CLASS_PARAM("AssocClass", "CIM_ServiceAffectsElement");
	char part[1000];

	snprintf(part, sizeof(part), "<IRETURNVALUE><OBJECTPATH>%s", path);
	has(client_ask("AssociatorNames", assoc), part);
	has(client_said(), "</INSTANCENAME></INSTANCEPATH></OBJECTPATH></IRETURNVALUE>");
	snprintf(part, sizeof(part), "<IRETURNVALUE><VALUE.OBJECTWITHPATH>%s", path);
	has(client_ask("Associators", assoc), part);
	has(client_said(), "</INSTANCEPATH><INSTANCE CLASSNAME=\"Tern_VirtualSystemMigrationService\">");
}
