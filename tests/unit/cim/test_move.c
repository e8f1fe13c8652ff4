/* SPDX-License-Identifier: MIT */
/* unit: fake_manage */
/* The parameters of a move: each is honoured in every form that clients give it, or refused by name. */
#include <stdio.h>
#include "cim_said.h"
#include "fake_manage.h"

TestSuite(move, .init = fake_manage_reset, .fini = client_gone);

static const char *call(const char *method, const char *params)
{
	return client_invoke(method, NULL, NULL, params);
}

/* A check of web1 towards lab-b with @more parameters. */
static const char *check(const char *more)
{
	return call("CheckVirtualSystemIsMigratableToHost", client_move("10.77.0.3", more));
}

static bool taken(const char *answer)
{
	return strstr(answer, "<VALUE>0</VALUE></RETURNVALUE><PARAMVALUE NAME=\"IsMigratable\"");
}

/* Return value @value with a reason that says @part. */
static void refused(const char *answer, unsigned value, const char *part)
{
	char start[120];
	const char *reasons = strstr(answer, "NAME=\"Reasons\"");

	snprintf(start, sizeof(start), "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>%u</VALUE></RETURNVALUE>"
		"<PARAMVALUE NAME=\"Reasons\"", value);
	cr_expect(strstr(answer, start), "expected value %u with Reasons (%s): %s", value, part, answer);
	cr_expect(reasons && strstr(reasons, part), "expected a reason that says %s: %s", part, answer);
}

#define MSD		"CIM_VirtualSystemMigrationSettingData"
#define PROPERTY(name)	"<PROPERTY NAME=\"" name "\" TYPE=\"uint16\"><VALUE>3</VALUE></PROPERTY>"
#define INSTANCE(class, properties) "<INSTANCE CLASSNAME=\"" class "\">" properties "</INSTANCE>"
#define TYPE_3(class)	INSTANCE(class, PROPERTY("MigrationType"))
#define PARAM(inner)	PARAMVALUE("MigrationSettingData", inner)
#define SETTING(id)	REFERENCE("<LOCALINSTANCEPATH>" CLIENT_NS INSTANCENAME(MSD, KEY("InstanceID", id)) \
				  "</LOCALINSTANCEPATH>")

Test(move, a_setting_means_the_same_in_every_form_that_clients_send)
{
	static const char *const form[] = {
		PARAM("<VALUE>&lt;INSTANCE CLASSNAME='" MSD "'&gt;&lt;PROPERTY NAME='MigrationType' TYPE='uint16'&gt;"
		      "&lt;VALUE&gt;3&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;</VALUE>"),
		PARAM("<VALUE>" TYPE_3(MSD) "</VALUE>"),
		PARAM("<VALUE>\n " TYPE_3("Tern_VirtualSystemMigrationSettingData") "\n</VALUE>"),
		PARAM(TYPE_3(MSD)),
		PARAM("<VALUE>instance of " MSD " { MigrationType = 3; };</VALUE>"),
		PARAM(SETTING("Tern:MigrationSettingData/Resume")),
	};

	for (size_t n = 0; n < sizeof(form) / sizeof(form[0]); n++) {
		fake_manage_reset();
		cr_expect(taken(check(form[n])), "%s: %s", form[n], client_said());
		cr_expect_eq(fake.last.type, 3, "%s", form[n]);
	}
}

Test(move, a_form_that_is_no_single_setting_is_refused_by_name)
{
	static const struct { const char *form, *part; } row[] = {
		{ PARAM("<VALUE.ARRAY><VALUE>instance of " MSD " { MigrationType = 3; };</VALUE></VALUE.ARRAY>"),
			"array" },
		{ PARAM("<VALUE.REFARRAY>" SETTING("Tern:MigrationSettingData/Resume") "</VALUE.REFARRAY>"), "array" },
		{ PARAM("<VALUE>" TYPE_3(MSD) TYPE_3(MSD) "</VALUE>"), "more than one" },
		{ PARAM("<VALUE>3</VALUE><VALUE>4</VALUE>"), "more than one" },
		{ PARAM("<VALUE>instance of " MSD " {};" TYPE_3(MSD) "</VALUE>"), "more than one" },
		{ PARAM("<VALUE.NAMEDINSTANCE>" TYPE_3(MSD) "</VALUE.NAMEDINSTANCE>"), "VALUE.NAMEDINSTANCE" },
		{ PARAM("<VALUE><VALUE.OBJECT>" TYPE_3(MSD) "</VALUE.OBJECT></VALUE>"), "VALUE.OBJECT" },
		{ PARAM("<CLASS NAME=\"" MSD "\"></CLASS>"), "CLASS" },
		{ PARAM(SETTING("Tern:MigrationSettingData/Fast")), "InstanceID" },
		{ PARAM(REFERENCE(INSTANCENAME("Tern_HostSystem", KEY("CreationClassName", "Tern_HostSystem")
					       KEY("Name", "lab-a")))), "Tern_HostSystem" },
	};

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		refused(check(row[n].form), 4, row[n].part);
		refused(client_said(), 4, "MigrationSettingData");
	}
}

Test(move, no_setting_is_no_wish)
{
	static const char *const form[] = { "", PARAM(""), PARAM("<VALUE></VALUE>"), PARAM("<VALUE> \n</VALUE>") };

	for (size_t n = 0; n < sizeof(form) / sizeof(form[0]); n++) {
		cr_expect(taken(check(form[n])), "%s: %s", form[n], client_said());
		cr_expect_eq(fake.last.type, 2);
	}
}

Test(move, a_served_setting_that_a_reference_names_is_taken_with_all_it_says)
{
	fake.host.max_downtime_ms = 250;
	fake.host.when_stuck = MIG_STUCK_FAIL;
	cr_expect(taken(check(PARAM(SETTING("Tern:MigrationSettingData/Default")))), "%s", client_said());
	cr_expect_eq(fake.last.max_downtime_ms, 250);
	cr_expect_eq(fake.last.stuck, MIG_STUCK_FAIL);
	cr_expect_eq(fake.last.type, 2);
}

/* The setting data as MOF text. */
static const char *mof(const char *class, const char *properties)
{
	return check(client_setting(class, properties));
}

Test(move, an_instance_of_another_class_is_refused_by_name)
{
	static const char *const other[] = { "X", "CIM_SettingData", "CIM_ComputerSystem",
		"CIM_VirtualSystemSettingData", "Xen_MigrationSettingData", "Tern_VirtualSystemMigrationCapabilities",
		"VirtualSystemMigrationSettingDataX" };

	for (size_t n = 0; n < sizeof(other) / sizeof(other[0]); n++)
		refused(mof(other[n], "MigrationType = 3;"), 4, other[n]);
	cr_expect(taken(mof("Xen_VirtualSystemMigrationSettingData", "MigrationType = 3;")));
	cr_expect(taken(mof("msvm_virtualsystemmigrationsettingdata", "Priority = 3;")));
	cr_expect(taken(mof("cim_virtualsystemmigrationsettingdata", "Priority = 3;")));
}

Test(move, what_only_identifies_is_taken)
{
	/* What libvirt-cim's migration_tester.py sends. */
	cr_expect(taken(mof("Xen_VirtualSystemMigrationSettingData", "InstanceID = \"MigrationSettingData\"; "
		"CreationClassName = \"Xen_VirtualSystemMigrationSettingData\"; MigrationType = 3; Priority = 0;")),
		"%s", client_said());
	cr_expect_eq(fake.last.type, 3);
	cr_expect(taken(mof(MSD, "SystemName = \"lab-a\"; SystemCreationClassName = \"Xen_HostSystem\"; "
			    "ElementName = \"x\";")), "%s", client_said());
}

Test(move, an_array_where_one_value_is_meant_is_refused_as_an_array)
{
	refused(mof(MSD, "MigrationType = {2, 3};"), 4, "MigrationType is an array");
	refused(mof(MSD, "MigrationType = {3};"), 4, "MigrationType is an array");
	refused(mof(MSD, "BandwidthUnit = {\"percent\"};"), 4, "BandwidthUnit is an array");
	refused(check(PARAM(INSTANCE(MSD, "<PROPERTY.ARRAY NAME=\"Priority\" TYPE=\"uint16\"><VALUE.ARRAY>"
		"<VALUE>2</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>"))), 4, "Priority is an array");
	refused(check(PARAM(INSTANCE(MSD, "<PROPERTY.REFERENCE NAME=\"Priority\">" SETTING("x")
		"</PROPERTY.REFERENCE>"))), 4, "Priority is a reference");
}

Test(move, an_unknown_name_is_called_unknown_whatever_its_value)
{
	static const char *const row[] = { "Foo = \"x\";", "Foo = 7;", "Foo = TRUE;", "Foo = {\"a\"};" };

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++)
		refused(mof(MSD, row[n]), 4, "unknown property Foo");
	refused(mof(MSD, "DestinationIPAddressList = {\"10.77.0.3\"};"), 4,
		"unknown property DestinationIPAddressList");
	cr_expect(taken(mof(MSD, "Foo = NULL; Bar = {};")), "no value is no wish: %s", client_said());
}

Test(move, a_property_given_twice_is_refused_by_name)
{
	refused(mof(MSD, "MigrationType = 2; migrationtype = 3;"), 4, "MigrationType twice");
	refused(check(PARAM(INSTANCE(MSD, PROPERTY("Priority") PROPERTY("Priority")))), 4, "Priority twice");
	refused(check(PARAM(INSTANCE(MSD, "<PROPERTY NAME=\"Priority\"><VALUE>1</VALUE><VALUE>2</VALUE></PROPERTY>"))),
		4, "Priority");
}

Test(move, units_are_compared_without_the_spaces_round_them)
{
	cr_expect(taken(mof(MSD, "BandwidthUnit = \"percent \"; Bandwidth = 40;")), "%s", client_said());
	cr_expect(taken(mof(MSD, "BandwidthUnit = \" Percent\"; Bandwidth = 40;")), "%s", client_said());
	cr_expect_eq(fake.last.bandwidth_percent, 40);
	refused(mof(MSD, "BandwidthUnit = \"percents\";"), 4, "BandwidthUnit");
	refused(mof(MSD, "BandwidthUnit = \"byte / second\";"), 4, "byte / second");
}

Test(move, a_parameter_given_twice_is_refused_by_name)
{
	static const char *const twice[] = { "DestinationHost", "destinationhost" };

	for (size_t n = 0; n < sizeof(twice) / sizeof(twice[0]); n++) {
		const char *a = check(client_string(twice[n], "10.77.0.3"));

		cr_expect(strstr(a, "<ERROR CODE=\"4\"") && strstr(a, "DestinationHost") && strstr(a, "twice"), "%s",
			a);
	}
	cr_expect(strstr(check(PARAM(TYPE_3(MSD)) PARAM("")), "MigrationSettingData"), "%s", client_said());
}

Test(move, an_output_is_no_input)
{
	const char *a = check("<PARAMVALUE NAME=\"IsMigratable\"><VALUE>TRUE</VALUE></PARAMVALUE>");

	cr_expect(strstr(a, "<ERROR CODE=\"4\"") && strstr(a, "IsMigratable"), "%s", a);
}

Test(move, one_value_is_not_given_as_an_array)
{
	const char *a = call("CheckVirtualSystemIsMigratableToHost",
			     PARAMVALUE("DestinationHost", "<VALUE.ARRAY><VALUE>10.77.0.3</VALUE></VALUE.ARRAY>"));

	cr_expect(strstr(a, "<ERROR CODE=\"4\"") && strstr(a, "DestinationHost") && strstr(a, "VALUE.ARRAY"), "%s", a);
}

Test(move, new_settings_are_looked_at_in_every_form)
{
#define CHANGE INSTANCE("CIM_VirtualSystemSettingData", PROPERTY("VirtualQuantity"))
#define NEW(value) PARAMVALUE("NewSystemSettingData", value)
	refused(check(NEW("<VALUE>" CHANGE "</VALUE>")), 6, "VirtualQuantity");
	refused(check(NEW(CHANGE)), 6, "VirtualQuantity");
	refused(check(PARAMVALUE("NewResourceSettingData", "<VALUE.ARRAY><VALUE>"
		INSTANCE("CIM_ResourceAllocationSettingData", PROPERTY("Limit")) "</VALUE></VALUE.ARRAY>")),
		6, "Limit");
	refused(check(NEW("<VALUE.ARRAY><VALUE>x</VALUE></VALUE.ARRAY>")), 4, "NewSystemSettingData");
	refused(check(client_string("NewSystemSettingData", "instance of " MSD " { InstanceID = \"a\"; };")), 4, MSD);
	refused(check(NEW(SETTING("Tern:MigrationSettingData/Default"))), 4, "NewSystemSettingData");
}

/* --- references ------------------------------------------------------------------------------------- */

#define REF(parameter, class, keys) PARAMVALUE(parameter, REFERENCE(INSTANCENAME(class, keys)))
/* A reference to web1 by that class and CreationClassName. */
#define VM_REF(class, creator, more) \
	REF("ComputerSystem", class, KEY("CreationClassName", creator) KEY("Name", "web1") more)
#define VM "CIM_ComputerSystem"

static const char *check_system(const char *reference)
{
	static char params[4000];

	snprintf(params, sizeof(params), "%s%s", reference, client_string("DestinationHost", "10.77.0.3"));
	return call("CheckVirtualSystemIsMigratableToHost", params);
}

Test(move, what_is_wrong_with_a_reference_to_the_machine_is_said)
{
	static const struct { const char *reference, *part; } row[] = {
		{ VM_REF("Msvm_ComputerSystem", "Msvm_ComputerSystem", ""), "no class Msvm_ComputerSystem" },
		{ VM_REF(VM, "Msvm_ComputerSystem", ""), "no class Msvm_ComputerSystem" },
		{ VM_REF(VM, "CIM_Service", ""), "CreationClassName names CIM_Service" },
		{ VM_REF("CIM_Service", "CIM_Service", ""), "expected a CIM_ComputerSystem" },
		{ REF("ComputerSystem", VM, KEY("Name", "web1")), "lacks the key CreationClassName" },
		{ REF("ComputerSystem", VM, KEY("CreationClassName", VM)), "lacks the key Name" },
		{ VM_REF(VM, VM, KEY("Color", "x")), "key Color" },
		{ VM_REF(VM, VM, KEY("name", "x")), "name twice" },
		{ REF("ComputerSystem", VM, ""), "no keys" },
		{ REF("ComputerSystem", VM, KEY("CreationClassName", VM) KEY("Name", "lab-a")), "Tern_HostSystem" },
		{ PARAMVALUE("ComputerSystem", "<VALUE>web1</VALUE>"), "not a reference" },
		{ PARAMVALUE("ComputerSystem", REFERENCE("<CLASSNAME NAME=\"Tern_VirtualSystem\"/>")), "name one" },
		{ "", "missing" },
	};

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		refused(check_system(row[n].reference), 4, row[n].part);
		refused(client_said(), 4, "ComputerSystem");
	}
}

Test(move, a_good_reference_to_a_machine_that_is_not_here_is_not_found)
{
	const char *a = check_system(REF("ComputerSystem", VM, KEY("CreationClassName", VM) KEY("Name", "nobody")));

	cr_expect(strstr(a, "<ERROR CODE=\"6\"") && strstr(a, "nobody") && strstr(a, "lab-a"),
		"it says which host has none: %s", a);
}

static const char *to_system(const char *reference)
{
	static char params[4000];

	snprintf(params, sizeof(params), "%s%s", client_vm("ComputerSystem", "web1"), reference);
	return call("CheckVirtualSystemIsMigratableToSystem", params);
}

#define HOST_REF(name) REF("DestinationSystem", VM, KEY("CreationClassName", VM) KEY("Name", name))
#define HOST_AT(host, name) PARAMVALUE("DestinationSystem", REFERENCE("<INSTANCEPATH><NAMESPACEPATH><HOST>" host \
	"</HOST>" CLIENT_NS "</NAMESPACEPATH>" INSTANCENAME("Tern_HostSystem", \
	KEY("CreationClassName", "Tern_HostSystem") KEY("Name", name)) "</INSTANCEPATH>"))

Test(move, a_host_is_known_by_its_name_whatever_the_case_by_its_uuid_or_by_where_it_is)
{
	static const char *const reference[] = {
		HOST_REF("lab-b"), HOST_REF("LAB-B"), HOST_REF("10.77.0.3"),
		HOST_REF("6b0c8a52-0000-4000-8000-00000000000b"), HOST_REF("6B0C8A52-0000-4000-8000-00000000000B"),
		HOST_AT("10.77.0.3", "unlisted"), HOST_AT("10.77.0.3:5988", "unlisted"),
		HOST_AT("10.77.0.4", "lab-b"), HOST_AT("http", "lab-b"),
		REF("DestinationSystem", "Xen_HostSystem", KEY("Name", "lab-b")),
	};

	for (size_t n = 0; n < sizeof(reference) / sizeof(reference[0]); n++) {
		fake.last.ipv4 = 0;
		to_system(reference[n]);
		cr_expect_eq(fake.last.ipv4, FAKE_IPV4(3), "%s: %s", reference[n], client_said());
	}
	check(client_string("NewSystemSettingData", ""));
	fake.last.ipv4 = 0;
	call("CheckVirtualSystemIsMigratableToHost", client_move("LAB-B", ""));
	cr_expect_eq(fake.last.ipv4, FAKE_IPV4(3), "%s", client_said());
}

Test(move, a_host_that_can_not_be_the_destination_is_refused_with_the_reason)
{
	refused(to_system(HOST_REF("LAB-A")), 6, "already");
	refused(to_system(HOST_REF("6b0c8a52-0000-4000-8000-000000000001")), 6, "already");
	refused(to_system(HOST_REF("10.77.0.2")), 6, "already");
	refused(to_system(HOST_REF("unlisted")), 4, "known to lab-a");
	refused(to_system(HOST_AT("10.77.0.2", "unlisted")), 4, "unlisted");
	refused(to_system(HOST_AT("127.0.0.1", "unlisted")), 4, "unlisted");
	refused(to_system(REF("DestinationSystem", "Xen_HostSystem", "")), 4, "without a Name");
	refused(to_system(REF("DestinationSystem", "CIM_Service", KEY("Name", "lab-b"))), 4, "CIM_Service");
	refused(to_system(PARAMVALUE("DestinationSystem", "<VALUE>lab-b</VALUE>")), 4, "not a reference");
}
