/* SPDX-License-Identifier: MIT */
/* vcpu_run.c: entering the guest and coming back. */
#include "arch/x86_64/apic.h"
#include "arch/x86_64/svm/audit.h"
#include "arch/x86_64/svm/decode.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/svm/vcpu_svm.h"
#include "arch/x86_64/time.h"
#include "lib/log.h"

void svm_enter(uint64_t gpr[16], uint64_t vmcb, uint64_t host);
void svm_save_host(uint64_t host);

#define LEAF_X1		0x80000001u
#define X1_EDX_RDTSCP	(1u << 27)
#define EARLY_US	10	/* the timer may come so much earlier or later than it was asked for */

/* get and set reach every vCPU at any time. */
void svm_select(struct vcpu *v)
{
	(void)v;
}

void svm_load(struct vcpu *v)
{
	uint32_t x1[4];

	cpuid(LEAF_X1, 0, x1);
	if (x1[3] & X1_EDX_RDTSCP)
		msr_write(MSR_IA32_TSC_AUX, v->tsc_aux);
	svm_save_host(cpu_this()->svm_host);
	v->svm.timer = 0;	/* whoever ran meanwhile has used the timer too */
}

/* QEMU's XSETBV does not exit, whatever was asked for. Real CPUs exit, and have NRIPS. */
static void see_xcr0(struct vcpu *v)
{
	if (!svm_caps_has(svm_caps(), SVM_FEATURE_NRIPS))
		v->xcr0 = xcr0_read();
}

void svm_put(struct vcpu *v)
{
	see_xcr0(v);
}

void svm_flush_tlb(const struct vcpu *v)
{
	vmcb_write(v->svm.vmcb, VMCB_TLB_CONTROL, TLB_FLUSH_ALL);
}

void svm_restored(struct vcpu *v)
{
	svm_want_interrupt_window(v, false);
}

/* There is no log of written pages. */
void svm_set_pml(struct vcpu *v, bool on)
{
	v->pml_on = on;
}

uint16_t svm_take_pml(struct vcpu *v)
{
	(void)v;
	return 511;
}

/* The local APIC's timer exits as any interrupt does. */
static void arm_timer(struct vcpu *v, uint64_t tsc)
{
	uint64_t now = time_tsc(), due = now + tsc, slack = time_tsc_khz() * EARLY_US / 1000, ns;

	if (v->svm.timer > now && v->svm.timer - due + slack <= 2 * slack)
		return;
	ns = time_tsc_to_ns(tsc);
	apic_timer_arm(ns ? ns : 1);
	v->svm.timer = due;
}

/* Translations that the guest could still have from before they changed, or with another's number. */
static void choose_flush(struct vcpu *v)
{
	struct vmcb *b = v->svm.vmcb;
	bool flush = asid_use(&v->svm.asid, svm_caps()->asids);

	vmcb_write(b, VMCB_GUEST_ASID, v->svm.asid.number);
	if (v->svm.flushes != svm_flushes()) {
		v->svm.flushes = svm_flushes();
		flush = true;
	}
	if (flush)
		vmcb_write(b, VMCB_TLB_CONTROL, TLB_FLUSH_ALL);
	if (vmcb_read(b, VMCB_TLB_CONTROL) && svm_caps_has(svm_caps(), SVM_FEATURE_FLUSH_BY_ASID))
		vmcb_write(b, VMCB_TLB_CONTROL, TLB_FLUSH_ASID);
}

static void inject(struct vcpu *v)
{
	unsigned type = VCPU_EVENT_TYPE(v->event);

	/* INT n and its like: RIP stands on the instruction, which is executed again. */
	if (type > VCPU_EVENT_EXCEPTION)
		return;
	vmcb_write(v->svm.vmcb, VMCB_EVENTINJ, v->event | (uint64_t)v->event_error << EVENT_ERROR_SHIFT);
	if (type == VCPU_EVENT_NMI)
		svm_block_nmis(v, true);
}

static enum err entry_failed(const struct vcpu *v)
{
	struct why_list found = { 0 };

	log_error("svm", "VMRUN failed: VMEXIT_INVALID");
	if (!svm_audit(svm_caps(), v->svm.vmcb, &found))
		log_error("svm", "audit: no rule found broken");
	for (unsigned i = 0; i < found.count && i < WHY_MAX; i++)
		log_error("svm", "audit: %s", found.why[i].text);
	vmcb_dump(v->svm.vmcb);
	return ERR_INVALID;
}

enum err svm_run(struct vcpu *v, uint64_t timer_tsc)
{
	struct vmcb *b = v->svm.vmcb;

	vmcb_write(b, VMCB_EVENTINJ, 0);
	if (v->event) {
		if (v->shutdown) {
			v->shutdown = false;
			v->event = 0;
			v->exit = (struct vcpu_exit){ .kind = VCPU_EXIT_TRIPLE_FAULT };
			return ERR_OK;
		}
		inject(v);
	}
	choose_flush(v);
	arm_timer(v, timer_tsc);
	vmcb_write(b, VMCB_RAX, v->gpr[GPR_RAX]);
	svm_enter(v->gpr, (uint64_t)(uintptr_t)b, cpu_this()->svm_host);
	v->gpr[GPR_RAX] = vmcb_read(b, VMCB_RAX);
	vmcb_write(b, VMCB_TLB_CONTROL, TLB_KEEP);
	if (svm_decode(v) != ERR_OK)
		return entry_failed(v);
	if (v->exit.kind == VCPU_EXIT_UNDECODED)
		see_xcr0(v);	/* CPUID shows it */
	/* The interrupt waits until the host takes it: the timer's own is taken here, and what came with it. */
	if (v->exit.kind == VCPU_EXIT_INTERRUPT && time_tsc() >= v->svm.timer) {
		cpu_sti_cli();
		v->exit.kind = VCPU_EXIT_TIMER;
	}
	return ERR_OK;
}
