/* SPDX-License-Identifier: MIT */
/* fake_vcpu.c: see fake_vcpu.h. A vCPU's pages come from the allocator, so that a leak shows. */
#include "tests/fake/fake_vcpu.h"
#include <string.h>
#include "arch/x86_64/nmi.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "hv/machine.h"
#include "lib/log.h"
#include "lib/pages.h"
#include "tests/fake/fake_format.h"

#define RFLAGS_TF	(1ull << 8)
#define RFLAGS_IF	(1ull << 9)
#define BLOCKING	(VCPU_BLOCKING_STI | VCPU_BLOCKING_MOV_SS)

struct fake_vcpu fake_vcpu;
struct fake_host fake_host;

void fake_vcpu_reset(void)
{
	fake_vcpu = (struct fake_vcpu){ .pml_index = 511 };
	fake_vcpu.s.rflags = 2;
	fake_vcpu.s.cr0 = 0x80000031;
	fake_vcpu.s.cr4 = 0x20;
	fake_vcpu.s.efer = 0x500;
	fake_vcpu.s.segment_access[SEG_CS] = 0xa09b;
	fake_host = (struct fake_host){ .virt = true, .ad = true, .pml = true, .tsc = 1000000, .tsc_khz = 1000000 };
}

bool virt_available(void) { return fake_host.virt; }

uint64_t time_tsc(void) { return fake_host.tsc; }
uint64_t time_ns(void) { return fake_host.tsc; }
uint32_t time_tsc_khz(void) { return fake_host.tsc_khz; }
uint32_t time_tsc_ppm(void) { return fake_host.tsc_ppm; }

bool time_trusted(struct why *why)
{
	if (fake_host.tsc_unknown)
		why_set(why, "the TSC's frequency is not known");
	return !fake_host.tsc_unknown;
}
uint64_t time_ns_to_tsc(uint64_t ns) { return ns; }
uint64_t time_tsc_to_ns(uint64_t tsc) { return tsc; }
uint64_t time_wall_seconds(void) { return 1709251198; }

enum mce_verdict mce_take(struct mce_report *report)
{
	*report = fake_host.mce_report;
	return fake_host.mce;
}

void nmi_after_exit(void) { fake_host.nmis++; }

void gpt_flush(struct gpt *gpt)
{
	(void)gpt;
	fake_vcpu.flushes++;
}

enum err vcpu_create(struct vcpu *v, struct gpt *gpt, const struct vcpu_limits *limits, struct why *why)
{
	memset(v, 0, sizeof(*v));
	if (fake_host.create_fails && !--fake_host.create_fails) {
		why_set(why, "no memory for a virtual processor");
		return ERR_NOMEM;
	}
	v->xsave = page_alloc();
	if (!v->xsave) {
		why_set(why, "no memory for a virtual processor");
		return ERR_NOMEM;
	}
	v->gpt = gpt;
	v->limits = *limits;
	v->started = true;
	fake_vcpu.created++;
	return ERR_OK;
}

void vcpu_reset(struct vcpu *v)
{
	memset(&fake_vcpu.s, 0, sizeof(fake_vcpu.s));
	fake_vcpu.s.rip = 0xfff0;
	fake_vcpu.s.rflags = 2;
	memset(v->gpr, 0, sizeof(v->gpr));
	v->tsc_adjust = 0;
	v->event = 0;
	v->halted = false;
	fake_vcpu.resets++;
}

void vcpu_destroy(struct vcpu *v)
{
	fake_vcpu.destroyed += v->xsave != NULL;
	page_free(v->xsave);
	memset(v, 0, sizeof(*v));
}

void vcpu_load(struct vcpu *v)
{
	if (!v->xsave || fake_vcpu.loaded)
		panic("a vCPU that does not exist, or a second one, was loaded");
	v->loaded = fake_vcpu.loaded = true;
}

void vcpu_put(struct vcpu *v)
{
	v->loaded = fake_vcpu.loaded = false;
}

static enum err run(struct vcpu *v, uint64_t timer_tsc)
{
	fake_vcpu.runs++;
	fake_vcpu.timer = timer_tsc;
	if (fake_vcpu.run_result == ERR_OK)
		fake_vcpu.guest(v);
	return fake_vcpu.run_result;
}

static uint64_t get(const struct vcpu *v, enum vcpu_reg r)
{
	(void)v;
	return r == VCPU_TSC_OFFSET ? fake_vcpu.tsc_offset : vcpu_state_get(&fake_vcpu.s, r);
}

static void set(struct vcpu *v, enum vcpu_reg r, uint64_t value)
{
	(void)v;
	if (r == VCPU_TSC_OFFSET)
		fake_vcpu.tsc_offset = value;
	else
		vcpu_state_set(&fake_vcpu.s, r, value);
}

static void skip(struct vcpu *v)
{
	fake_vcpu.s.rip += v->exit.length;
	fake_vcpu.s.interruptibility &= ~BLOCKING;
	if (fake_vcpu.s.rflags & RFLAGS_TF)
		v->event = FAKE_EVENT(EXCEPTION, 1);
}

static bool take(uint64_t *reg, uint64_t value)
{
	if (!fake_vcpu.refuse_writes)
		*reg = value;
	return !fake_vcpu.refuse_writes;
}

bool vcpu_write_cr0(struct vcpu *v, uint64_t value) { (void)v; return take(&fake_vcpu.s.cr0, value); }
bool vcpu_write_cr4(struct vcpu *v, uint64_t value) { (void)v; return take(&fake_vcpu.s.cr4, value); }
bool vcpu_write_efer(struct vcpu *v, uint64_t value) { (void)v; return take(&fake_vcpu.s.efer, value); }
bool vcpu_pdptes_valid(const uint64_t pdpte[4]) { return !((pdpte[0] | pdpte[1] | pdpte[2] | pdpte[3]) & 2); }

void vcpu_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
	(void)v;
	memcpy(fake_vcpu.s.pdpte, pdpte, sizeof(fake_vcpu.s.pdpte));
}

bool vcpu_write_xcr0(struct vcpu *v, uint64_t value) { return take(&v->xcr0, value); }

void vcpu_write_tsc_aux(struct vcpu *v, uint64_t value)
{
	v->tsc_aux = fake_vcpu.tsc_aux_msr = value;
}

bool vcpu_interruptible(const struct vcpu *v)
{
	return !v->event && (fake_vcpu.s.rflags & RFLAGS_IF) && !(fake_vcpu.s.interruptibility & BLOCKING);
}

bool vcpu_nmi_possible(const struct vcpu *v)
{
	return !v->event && !fake_vcpu.nmi_blocked && !(fake_vcpu.s.interruptibility & BLOCKING);
}

static void want_interrupt_window(struct vcpu *v, bool on)
{
	(void)v;
	fake_vcpu.window = on;
}

static void want_nmi_window(struct vcpu *v, bool on)
{
	(void)v;
	fake_vcpu.nmi_window = on;
}

void vcpu_inject_interrupt(struct vcpu *v, uint8_t vector) { v->event = FAKE_EVENT(INTERRUPT, vector); }
void vcpu_inject_nmi(struct vcpu *v) { v->event = FAKE_EVENT(NMI, 2); }

void vcpu_inject_exception(struct vcpu *v, uint8_t vector, bool with_error, uint32_t error)
{
	v->event = with_error ? FAKE_FAULT(vector) : FAKE_EVENT(EXCEPTION, vector);
	v->event_error = error;
}

static void reflect_exception(struct vcpu *v) { v->event = fake_vcpu.exception; }

void vcpu_inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error)
{
	fake_vcpu.s.cr2 = linear;
	vcpu_inject_exception(v, 14, true, error);
}

static void set_pml(struct vcpu *v, bool on) { v->pml_on = on; }

static uint16_t take_pml(struct vcpu *v)
{
	uint16_t index = fake_vcpu.pml_index;

	(void)v;
	fake_vcpu.pml_index = 511;
	return index;
}

static bool has(enum virt_feature f)
{
	switch (f) {
	case VIRT_AD:		return fake_host.ad;
	case VIRT_PML:		return fake_host.pml;
	case VIRT_SMALL_CODE:	return fake_host.small_code;
	case VIRT_TSC_SCALING:	return fake_host.scaling;
	}
	return false;
}

static const struct virt_ops ops = {
	.name = "VT-x", .format = &fake_format, .has = has, .get = get, .set = set, .run = run, .skip = skip,
	.want_interrupt_window = want_interrupt_window, .want_nmi_window = want_nmi_window,
	.reflect_exception = reflect_exception, .set_pml = set_pml, .take_pml = take_pml,
};
const struct virt_ops *virt = &ops;

void vcpu_save(struct vcpu *v, struct vcpu_state *out)
{
	if (!v->xsave)
		panic("a vCPU that does not exist was saved");
	*out = fake_vcpu.s;
	memcpy(out->gpr, v->gpr, sizeof(out->gpr));
	out->gpr[GPR_RSP] = fake_vcpu.s.gpr[GPR_RSP];
	out->tsc_adjust = v->tsc_adjust;
	out->halted = v->halted;
}

/* RIP 0xbad stands for all that a hostile image may hold. */
enum err vcpu_check(const struct vcpu *v, const struct vcpu_state *in, struct why *why)
{
	(void)v;
	if (in->rip != 0xbad)
		return ERR_OK;
	why_set(why, "vCPU state: RIP");
	return ERR_RANGE;
}

void vcpu_restore(struct vcpu *v, const struct vcpu_state *in)
{
	fake_vcpu.s = *in;
	memcpy(v->gpr, in->gpr, sizeof(v->gpr));
	v->tsc_adjust = in->tsc_adjust;
	v->halted = in->halted;
}

/* One CPU runs everything: a kick has nobody to wake. */
__attribute__((weak)) void machine_kick(struct machine *m, unsigned vcpu)
{
	(void)m, (void)vcpu;
}
