/* SPDX-License-Identifier: MIT */
/* cim.h: CIM-XML operations (DSP0200, DSP0201) of a management station on one Tern host. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "exit.h"
#include "http.h"
#include "xml.h"

#define CIM_NAMESPACE	"root/virtualization/v2"
#define CIM_WHY		HTTP_WHY
#define CIM_KEYS	4

struct cim;

/* The path of an instance inside CIM_NAMESPACE; the strings belong to whoever made it. */
struct cim_path {
	const char *class;
	unsigned keys;
	struct { const char *name, *value; } key[CIM_KEYS];
};

/* An argument of a method: a reference if @path is set, an embedded instance or plain text otherwise. */
struct cim_argument {
	const char *name;	/* NULL ends the list */
	const char *type;	/* CIM type of plain text: "string", "uint16" */
	const char *text;
	const struct cim_path *path;
	bool embedded;		/* @text is a CIM-XML INSTANCE */
};

/* What a host answered; freed by cim_answer_fini. */
struct cim_answer {
	struct xml_document *document;
	const struct xml *body;		/* IRETURNVALUE, or METHODRESPONSE; NULL if empty */
	int64_t return_value;		/* of a method */
};

/* NULL with a sentence in @why if @server can't be a host. */
struct cim *cim_open(const char *server, unsigned timeout_s, char why[CIM_WHY]);
void cim_close(struct cim *c);
const char *cim_host(const struct cim *c);

/* Each operation returns CTL_OK, or CTL_NO (the host answered with a CIM error) or CTL_CONNECTION with a sentence
 * in cim_why. @out is valid, and must be finished, only after CTL_OK. */
enum ctl cim_enumerate(struct cim *c, const char *class, struct cim_answer *out);
enum ctl cim_get_instance(struct cim *c, const struct cim_path *path, struct cim_answer *out);
enum ctl cim_invoke(struct cim *c, const struct cim_path *path, const char *method,
		    const struct cim_argument *arguments, struct cim_answer *out);
const char *cim_why(const struct cim *c);
/* The CIM status code of the newest error, 0 if it was none. */
unsigned cim_error_code(const struct cim *c);
void cim_answer_fini(struct cim_answer *a);

/* Reads @text, an answer to @method (@intrinsic: an operation of CIM itself), as the operations above do. */
enum ctl cim_answer_parse(const char *text, size_t length, const char *method, bool intrinsic,
			  struct cim_answer *out, unsigned *code, char why[CIM_WHY]);

/* The instances of an EnumerateInstances answer: the first one, the one after @named; NULL at the end. */
const struct xml *cim_first(const struct cim_answer *a);
const struct xml *cim_after(const struct xml *named);
/* The INSTANCE of such a named instance, or of a GetInstance answer. */
const struct xml *cim_instance(const struct xml *named);
/* The INSTANCENAME in @node (a named instance, VALUE.REFERENCE or anything around a path) as a path; false if
 * there is none or its keys are not strings or numbers. */
bool cim_path_get(const struct xml *node, struct cim_path *out);
const char *cim_path_key(const struct cim_path *path, const char *name);

/* A property (of an INSTANCE) or out parameter (of a METHODRESPONSE) called @name, NULL if it is absent or NULL. */
const char *cim_text(const struct xml *node, const char *name);
/* As a number; @otherwise if absent or not one. */
uint64_t cim_number(const struct xml *node, const char *name, uint64_t otherwise);
bool cim_true(const struct xml *node, const char *name);
/* Element @index of an array, NULL beyond its end. */
const char *cim_element(const struct xml *node, const char *name, unsigned index);
uint64_t cim_element_number(const struct xml *node, const char *name, unsigned index);
unsigned cim_elements(const struct xml *node, const char *name);
/* The reference @name (out parameter or property) as a path. */
bool cim_reference(const struct xml *node, const char *name, struct cim_path *out);
