/* SPDX-License-Identifier: MIT */
/* schema_macros.h: the notation in which schema_*.c write their tables. */
#pragma once

#define KEY		CIM_F_KEY
#define REQUIRED	CIM_F_REQUIRED
#define WRITE		CIM_F_WRITE
#define ARRAY		CIM_F_ARRAY
#define OBJECT		CIM_F_OBJECT
#define IN		CIM_F_IN
#define OUT		CIM_F_OUT
#define ABSTRACT	CIM_C_ABSTRACT
#define ASSOCIATION	CIM_C_ASSOCIATION
#define AGGREGATION	CIM_C_AGGREGATION
#define EXPERIMENTAL	CIM_C_EXPERIMENTAL
#define INDICATION	CIM_C_INDICATION

#define PROP(type, name, flags)			{ #name, CIM_##type, flags, NULL, NULL, NULL, NULL }
#define UNIT(type, name, flags, unit)		{ #name, CIM_##type, flags, NULL, NULL, NULL, unit }
#define INIT(type, name, flags, value)		{ #name, CIM_##type, flags, NULL, NULL, value, NULL }
#define VALS(type, name, flags, value, map)	{ #name, CIM_##type, flags, NULL, map, value, NULL }
#define REF(class, name, flags)			{ #name, CIM_REFERENCE, flags, #class, NULL, NULL, NULL }
#define EMBED(class, name, flags)		{ #name, CIM_STRING, flags, #class, NULL, NULL, NULL }
#define END					{ NULL, CIM_BOOLEAN, 0, NULL, NULL, NULL, NULL }

#define CLASS(name, super, version, flags, props, methods) \
	const struct cim_class name = { #name, super, version, flags, props, methods, NULL }
#define CLASS_ABOUT(name, super, version, flags, props, methods, about) \
	const struct cim_class name = { #name, super, version, flags, props, methods, about }

/* Value maps used more than once, in schema_maps.c. */
extern const char cim_map_return_migrate[], cim_map_return_check[], cim_map_return_job_error[];
extern const char cim_map_return_job_state[], cim_map_return_state[], cim_map_return_force[];
extern const char cim_map_requested_state[], cim_map_job_requested_state[];
