/* SPDX-License-Identifier: MIT */
/* virt.h: virtualization by this host's processors: present or not, turning it on, and the seam behind which the
 * families of processors differ. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/gpt.h"
#include "arch/x86_64/vcpu_state.h"
#include "lib/err.h"
#include "lib/why.h"

struct vcpu;

enum virt_feature { VIRT_AD, VIRT_PML, VIRT_SMALL_CODE, VIRT_TSC_SCALING };

/* What a family does: one const table in its folder, chosen at boot for all CPUs. */
struct virt_ops {
	const char *name;			/* what the processor's maker calls it */
	const struct gpt_format *format;	/* of its guests' page tables */
	bool (*here)(void);			/* the CPU is of this family */
	bool (*init)(struct why_list *missing);	/* as virt_init */
	bool (*cpu_on)(void);			/* as virt_cpu_on */
	bool (*has)(enum virt_feature f);
	/* Takes away from the host's CPUID what it can't give a guest here. */
	void (*cpuid)(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
	void (*flush)(struct gpt *gpt);		/* as gpt_flush */

	/* Its own part of vcpu_create (after that of all families; destroy follows an error), vcpu_destroy, vcpu_load
	 * and vcpu_put. */
	enum err (*create)(struct vcpu *v, struct why *why);
	void (*destroy)(struct vcpu *v);
	void (*load)(struct vcpu *v);
	void (*put)(struct vcpu *v);
	/* Until another is selected or loaded, get and set reach this one. */
	void (*select)(struct vcpu *v);
	uint64_t (*get)(const struct vcpu *v, enum vcpu_reg r);
	void (*set)(struct vcpu *v, enum vcpu_reg r, uint64_t value);
	/* Forgets what is cached of the guest's own page tables. */
	void (*flush_tlb)(const struct vcpu *v);
	/* The last step of vcpu_restore, for what is no register. */
	void (*restored)(struct vcpu *v);
	/* What an entry with this state would fail by. */
	void (*check)(const struct vcpu_state *in, struct why_list *found);
	/* As the functions of vcpu.h. */
	enum err (*run)(struct vcpu *v, uint64_t timer_tsc);
	void (*skip)(struct vcpu *v);
	void (*want_interrupt_window)(struct vcpu *v, bool on);
	void (*want_nmi_window)(struct vcpu *v, bool on);
	void (*reflect_exception)(struct vcpu *v);
	void (*set_pml)(struct vcpu *v, bool on);
	uint16_t (*take_pml)(struct vcpu *v);
};

/* That of this host; before virt_init and where there is none, the first that Tern knows. */
extern const struct virt_ops *virt;

/* Chooses the family and reads the boot CPU's capabilities; false with one sentence per missing thing. */
bool virt_init(struct why_list *missing);
/* Turns it on on the CPU that calls; false when that fails (logged). Only after virt_init was true. */
bool virt_cpu_on(void);
/* True if virt_init was. */
bool virt_available(void);

static inline const char *virt_name(void) { return virt->name; }
/* What the tables of guests look like here. */
static inline const struct gpt_format *virt_gpt_format(void) { return virt->format; }
/* Which dirty trackers this CPU can run. */
static inline bool virt_has_pml(void) { return virt->has(VIRT_PML); }
static inline bool virt_has_ad(void) { return virt->has(VIRT_AD); }
/* Whether a guest could stop this CPU by changing the size of a page that it executes, so that it gets gpt_small_code.
 * */
static inline bool virt_wants_small_code(void) { return virt->has(VIRT_SMALL_CODE); }
/* Whether a guest's TSC can run at another frequency than the host's. */
static inline bool virt_has_tsc_scaling(void) { return virt->has(VIRT_TSC_SCALING); }

/* CPUID of this host, less what it can't give a guest here (RDTSCP, INVPCID without their controls). */
void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
