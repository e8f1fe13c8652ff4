/* SPDX-License-Identifier: MIT */
/* vcpu.c: making a vCPU, its state after RESET, and the registers that every family swaps by hand. */
#include "arch/x86_64/vcpu.h"
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "lib/bytes.h"
#include "lib/pages.h"

#define MXCSR_OFFSET	24
#define MXCSR_RESET	0x1f80
#define PAT_RESET	0x0007040600070406ull

/* SDM Vol. 3 "Processor State After Reset". */
static void reset_state(struct vcpu_state *s)
{
	memset(s, 0, sizeof(*s));
	s->rip = 0xfff0;
	s->rflags = 2;
	s->cr0 = CR0_CD | CR0_NW | CR0_ET;
	s->dr6 = 0xffff0ff0;
	s->dr7 = 0x400;
	s->pat = PAT_RESET;
	s->xcr0 = 1;
	s->gdtr_limit = s->idtr_limit = 0xffff;
	for (unsigned i = 0; i < VCPU_SEGMENTS; i++) {
		s->segment_limit[i] = 0xffff;
		s->segment_access[i] = i == SEG_CS ? 0x9b : i == SEG_LDTR ? 0x82 : i == SEG_TR ? 0x8b : 0x93;
	}
	s->segment_selector[SEG_CS] = 0xf000;
	s->segment_base[SEG_CS] = 0xffff0000;
	s->misc_enable = 1;
	s->started = 1;
	le32_put((uint8_t *)s->xsave + MXCSR_OFFSET, MXCSR_RESET);
}

void vcpu_reset(struct vcpu *v)
{
	struct vcpu_state state;

	reset_state(&state);
	vcpu_restore(v, &state);
	virt->flush_tlb(v);	/* what it had cached of its own page tables is of before */
}

enum err vcpu_create(struct vcpu *v, struct gpt *gpt, const struct vcpu_limits *limits, struct why *why)
{
	enum err e = ERR_NOMEM;

	*v = (struct vcpu){ .gpt = gpt, .limits = *limits, .xsave = page_alloc() };
	v->pml = virt_has_pml() ? page_alloc() : NULL;
	if (v->xsave && (v->pml || !virt_has_pml()))
		e = virt->create(v, why);
	else
		why_set(why, "no memory for a virtual processor");
	if (e == ERR_OK)
		vcpu_reset(v);
	else
		vcpu_destroy(v);
	return e;
}

void vcpu_destroy(struct vcpu *v)
{
	virt->destroy(v);
	page_free(v->xsave);
	page_free(v->pml);
	memset(v, 0, sizeof(*v));
}

void vcpu_load(struct vcpu *v)
{
	dr0_write(v->dr[0]);
	dr1_write(v->dr[1]);
	dr2_write(v->dr[2]);
	dr3_write(v->dr[3]);
	xcr0_write(v->limits.xcr0_mask);
	xrstor(v->xsave, v->limits.xcr0_mask);
	xcr0_write(v->xcr0);
	virt->load(v);		/* the last: from here on nothing of Tern's goes into what a guest could look into */
	v->loaded = true;
}

void vcpu_put(struct vcpu *v)
{
	virt->put(v);
	xcr0_write(v->limits.xcr0_mask);
	xsave(v->xsave, v->limits.xcr0_mask);
	xcr0_write(3);
	fpu_reset();
	v->dr[0] = dr0_read();
	v->dr[1] = dr1_read();
	v->dr[2] = dr2_read();
	v->dr[3] = dr3_read();
	v->loaded = false;
}
