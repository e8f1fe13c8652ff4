/* SPDX-License-Identifier: MIT */
/* schema.h: the CIM classes Tern knows, as const tables: the one source for GetClass, instances and methods. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cim_type {
	CIM_BOOLEAN, CIM_UINT8, CIM_SINT8, CIM_UINT16, CIM_UINT32, CIM_UINT64, CIM_STRING, CIM_DATETIME,
	CIM_REFERENCE,
};

enum cim_flag {			/* of fields */
	CIM_F_ARRAY = 1, CIM_F_KEY = 2, CIM_F_REQUIRED = 4, CIM_F_WRITE = 8, CIM_F_IN = 16, CIM_F_OUT = 32,
	CIM_F_OBJECT = 64,	/* qualifier EmbeddedObject */
};

enum cim_class_flag {
	CIM_C_ABSTRACT = 1, CIM_C_ASSOCIATION = 2, CIM_C_AGGREGATION = 4, CIM_C_EXPERIMENTAL = 8,
	CIM_C_INDICATION = 16,
};

/* A property, or a parameter of a method. Tables of them end with a NULL name. */
struct cim_field {
	const char *name;
	enum cim_type type;
	unsigned flags;			/* enum cim_flag */
	const char *of;			/* class of a reference or of an embedded instance */
	const char *map;		/* ValueMap and Values: "0=Unknown;1=Other" */
	const char *initial;		/* default value */
	const char *unit;		/* PUnit */
};

struct cim_method {
	const char *name;
	enum cim_type type;
	const char *map;		/* of the return value */
	const struct cim_field *param;	/* NULL: none */
};

struct cim_class {
	const char *name;
	const struct cim_class *super;
	const char *version;
	unsigned flags;			/* enum cim_class_flag */
	const struct cim_field *prop;	/* own ones, NULL: none */
	const struct cim_method *method;
	const char *about;		/* Description, NULL: none */
};

#define CIM_CLASSES(X) \
	X(CIM_ManagedElement) X(CIM_ManagedSystemElement) X(CIM_LogicalElement) X(CIM_EnabledLogicalElement) \
	X(CIM_System) X(CIM_ComputerSystem) X(CIM_Service) X(CIM_Capabilities) X(CIM_SettingData) \
	X(CIM_Job) X(CIM_ConcreteJob) X(CIM_Message) X(CIM_Error) \
	X(CIM_VirtualSystemMigrationService) X(CIM_VirtualSystemMigrationCapabilities) \
	X(CIM_VirtualSystemMigrationSettingData) \
	X(CIM_Dependency) X(CIM_HostedDependency) X(CIM_HostedService) X(CIM_ServiceAffectsElement) \
	X(CIM_ElementCapabilities) X(CIM_Component) X(CIM_SettingsDefineCapabilities) \
	X(CIM_AffectedJobElement) X(CIM_OwningJobElement) X(CIM_ElementConformsToProfile) \
	X(CIM_ReferencedSpecification) X(CIM_ReferencedProfile) \
	X(CIM_RegisteredSpecification) X(CIM_RegisteredProfile) X(CIM_Namespace) X(CIM_WBEMService) \
	X(CIM_ObjectManager) \
	X(Tern_HostSystem) X(Tern_VirtualSystem) X(Tern_VirtualSystemMigrationService) \
	X(Tern_VirtualSystemMigrationCapabilities) X(Tern_VirtualSystemMigrationSettingData) \
	X(Tern_MigrationJob) X(Tern_MigrationRecord)

#define CIM_CLASS_DECLARE(name) extern const struct cim_class name;
CIM_CLASSES(CIM_CLASS_DECLARE)
#undef CIM_CLASS_DECLARE

#define CIM_PROPS_MAX	80		/* properties of one class with inherited ones */

/* A property as a class has it, with the class that declared it. */
struct cim_member { const struct cim_field *field; const struct cim_class *origin; };

/* NULL if there is no class of this name (case does not matter). */
const struct cim_class *cim_class_find(const char *name);
/* Every class, superclasses before subclasses; NULL at the end. */
const struct cim_class *cim_class_at(unsigned index);
/* True if @c is @ancestor or inherits from it; a NULL @ancestor stands for the root above all classes. */
bool cim_class_is(const struct cim_class *c, const struct cim_class *ancestor);
/* Fills @out with all properties, each once in its most derived form; returns how many. */
unsigned cim_class_props(const struct cim_class *c, struct cim_member out[CIM_PROPS_MAX]);
/* The same, kept: made when the class is first asked for. @c is one of ours. */
const struct cim_member *cim_class_members(const struct cim_class *c, unsigned *count);
/* Where the property @name is among them (case does not matter), -1 if there is none. */
int cim_class_member(const struct cim_class *c, const char *name);
#define CIM_METHODS_MAX	16
struct cim_method_member { const struct cim_method *method; const struct cim_class *origin; };
/* As cim_class_props, for methods. */
unsigned cim_class_methods(const struct cim_class *c, struct cim_method_member out[CIM_METHODS_MAX]);
/* The most derived declaration of method @name, NULL if there is none; *origin (may be NULL) declares it. */
const struct cim_method *cim_class_method(const struct cim_class *c, const char *name,
					  const struct cim_class **origin);
/* The parameter @name of @m (case does not matter), NULL if it has none such. */
const struct cim_field *cim_method_param(const struct cim_method *m, const char *name);
/* The CIM name of a type: "uint32", "reference". */
const char *cim_type_name(enum cim_type type);
