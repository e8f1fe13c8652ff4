/* SPDX-License-Identifier: MIT */
/* The four methods of CIM_VirtualSystemMigrationService (DSP1081). */
#include "method_table.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "move.h"

/* What hv says about starting, as a return value. The VM was here when the parameters were read: if it still is,
 * "not found" means that nothing that can move has this name. */
static enum err start_failed(struct call *c, enum err e, const struct mig_move *move, const struct why *why)
{
	static const struct { enum err e; uint32_t value; } row[] = {
		{ ERR_INVALID, MOVE_INVALID }, { ERR_STATE, MOVE_STATE }, { ERR_NOTFOUND, MOVE_STATE },
		{ ERR_UNSUPPORTED, MOVE_UNSUPPORTED }, { ERR_TIMEOUT, MOVE_TIMEOUT }, { ERR_EXISTS, MOVE_INCOMPATIBLE },
		{ ERR_VERSION, MOVE_INCOMPATIBLE },
	};
	const char *text = why->text[0] ? why->text : err_text(e);
	uint32_t value = MOVE_FAILED;
	struct manage_vm vm;

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++)
		if (row[n].e == e)
			value = row[n].value;
	if (e == ERR_NOTFOUND && !manage_vm_find(move->vm, &vm))
		call_fail(c, CIM_ERR_NOT_FOUND, "%s", text);
	else
		method_refuse(c, value, "%s", text);
	return ERR_OK;
}

static void verdict(struct call *c, bool migratable, const struct why_list *reasons)
{
	static const struct why_list unsaid = { 1, { { "the destination can't take it and did not say why" } } };

	method_return(c, MOVE_DONE);
	method_out_bool(c, "IsMigratable", migratable);
	/* pywbem makes True of every boolean parameter that is not empty: such a caller has only the reasons. */
	method_out_reasons(c, migratable || reasons->count ? reasons : &unsaid);
}

enum err method_check(struct call *c, struct obj target)
{
	struct mig_move move;
	struct why why = { "" };
	enum err e;

	(void)target;
	if (!move_parse(c, &move))
		return ERR_OK;
	e = manage_check_start(&move, &c->context.check, &why);
	return e == ERR_OK ? method_check_poll(c) : start_failed(c, e, &move, &why);
}

enum err method_check_poll(struct call *c)
{
	struct why_list reasons = { .count = 0 };
	bool migratable = false;
	enum err e = manage_check_poll(c->context.check, &migratable, &reasons);

	if (e == ERR_AGAIN)
		return ERR_AGAIN;
	if (e == ERR_OK)
		verdict(c, migratable, &reasons);
	else
		method_refuse(c, e == ERR_TIMEOUT ? MOVE_TIMEOUT : MOVE_FAILED, "%s",
			      reasons.count ? reasons.why[0].text : err_text(e));
	return ERR_OK;
}

void method_check_drop(struct call *c)
{
	manage_check_drop(c->context.check);
}

/* The machine keeps its name; it will be known under it at the destination. */
static void out_new_system(struct call *c, const char *vm, const char *address)
{
	buf_str(c->out, "<PARAMVALUE NAME=\"NewComputerSystem\" PARAMTYPE=\"reference\"><VALUE.REFERENCE>"
		"<INSTANCEPATH>");
	emit_namespace(c->out, address, namespace_text(CIM_NS_VIRT));
	buf_fmt(c->out, "<INSTANCENAME CLASSNAME=\"%s\"><KEYBINDING NAME=\"CreationClassName\">"
		"<KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">%s</KEYVALUE></KEYBINDING>"
		"<KEYBINDING NAME=\"Name\"><KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">", Tern_VirtualSystem.name,
		Tern_VirtualSystem.name);
	buf_xml(c->out, vm);
	buf_str(c->out, "</KEYVALUE></KEYBINDING></INSTANCENAME></INSTANCEPATH></VALUE.REFERENCE></PARAMVALUE>");
}

enum err method_migrate(struct call *c, struct obj target)
{
	struct mig_move move;
	struct why why = { "" };
	char address[IPV4_TEXT];
	uint32_t job = 0;
	enum err e;

	(void)target;
	if (!move_parse(c, &move))
		return ERR_OK;
	e = manage_migrate_start(&move, &job, &why);
	if (e != ERR_OK)
		return start_failed(c, e, &move, &why);
	ipv4_text(move.ipv4, address);
	log_limited(manage_now_ns(), LOG_INFO, "cim", "job %u: moves %s to %s", job, move.vm, address);
	method_return(c, MOVE_JOB);
	if (cim_method_param(c->declared, "NewComputerSystem"))
		out_new_system(c, move.vm, address);
	method_out_job(c, job);
	return ERR_OK;
}
