/* SPDX-License-Identifier: MIT */
/* vcpu.h: one virtual processor: create, run until an exit, read and change its state.
 * What an exit means is hv's business. Between vcpu_load and vcpu_put the guest's extended state is in the
 * CPU, so only code built for general registers may run there. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/gpt.h"
#include "arch/x86_64/svm/asid.h"
#include "arch/x86_64/vcpu_exit.h"
#include "arch/x86_64/vcpu_state.h"
#include "arch/x86_64/virt.h"
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/why.h"

struct vcpu_limits {
	uint64_t cr4_mask;		/* CR4 bits the guest may set */
	uint64_t xcr0_mask;		/* XCR0 bits the guest may set */
	uint64_t tsc_multiplier;	/* 48 bits behind the point; 0: not scaled. Only where virt_has_tsc_scaling */
};

/* What VT-x keeps of a vCPU beside. */
struct vcpu_vmx {
	uint64_t vmcs;			/* physical address */
	bool launched;
	uint16_t vpid;
	uint8_t timer_shift;		/* the preemption timer ticks once per 2^shift TSC ticks */
	uint32_t proc_controls;		/* as last written */
	uint64_t cr2, dr6;		/* while not loaded, as @msr: STAR LSTAR CSTAR FMASK KERNEL_GS_BASE */
	uint64_t msr[5], host_msr[5];
	void *msr_bitmap;		/* 4 KiB */
};

/* And SVM. */
struct vcpu_svm {
	struct vmcb *vmcb;
	struct asid asid;
	uint64_t flushes;		/* as svm_flushes said at the last entry */
	uint64_t timer;			/* the TSC at which the host's timer comes; 0: not armed */
	uint64_t cr4;			/* as the guest reads it */
	uint64_t iret_rip;		/* of the IRET that ends an NMI's handler */
	bool window, nmi_blocked, nmi_returns;
};

struct vcpu {
	uint64_t gpr[16];		/* but GPR_RSP, see VCPU_RSP */
	struct vcpu_exit exit;
	struct vcpu_limits limits;
	uint32_t event, event_error, event_length;	/* to be injected at the next entry, as in the record */
	uint64_t dr[4], xcr0, tsc_aux, tsc_adjust, misc_enable;
	bool loaded, halted, started, pml_on;
	/* a fault met the delivery of a double fault: the next run ends in a triple fault */
	bool shutdown;
	bool deaf;			/* halted with RFLAGS.IF clear: an interrupt does not wake it */
	uint64_t *pml;			/* 512 entries, NULL without PML */
	void *xsave;			/* 4 KiB */
	struct gpt *gpt;
	union {
		struct vcpu_vmx vmx;
		struct vcpu_svm svm;
	};
};

/* A vCPU in the state after RESET of @gpt's VM. ERR_NOMEM. */
enum err vcpu_create(struct vcpu *v, struct gpt *gpt, const struct vcpu_limits *limits, struct why *why) NODISCARD;
void vcpu_destroy(struct vcpu *v);
/* Back to the state after RESET: nothing is pending, IA32_TSC_ADJUST is 0. @v must not be loaded. */
void vcpu_reset(struct vcpu *v);

/* Makes @v current on this CPU and swaps extended state in; vcpu_put swaps it out. They nest not. */
void vcpu_load(struct vcpu *v);
void vcpu_put(struct vcpu *v);

/* Runs the guest until the next exit; fills v->exit. @timer_tsc: TSC ticks until it exits by itself.
 * ERR_INVALID: the entry failed; the audit has logged why, and only the kind of the exit is known. */
static inline NODISCARD enum err vcpu_run(struct vcpu *v, uint64_t timer_tsc) { return virt->run(v, timer_tsc); }

/* What follows wants the vCPU loaded. */

/* Moves RIP past the instruction that exited, ends blocking by STI and MOV SS and clears RF; where the guest steps
 * singly, a #DB is due then. */
static inline void vcpu_skip(struct vcpu *v) { virt->skip(v); }

/* Control registers as the guest reads them. PDPTEs count in PAE paging alone. */
static inline uint64_t vcpu_get(const struct vcpu *v, enum vcpu_reg r) { return virt->get(v, r); }
/* Without any check. Control registers and EFER are written below. */
static inline void vcpu_set(struct vcpu *v, enum vcpu_reg r, uint64_t value) { virt->set(v, r, value); }

static inline uint64_t vcpu_rip(const struct vcpu *v) { return vcpu_get(v, VCPU_RIP); }
static inline uint64_t vcpu_rflags(const struct vcpu *v) { return vcpu_get(v, VCPU_RFLAGS); }
static inline void vcpu_set_rflags(struct vcpu *v, uint64_t value) { vcpu_set(v, VCPU_RFLAGS, value); }
static inline uint64_t vcpu_cr0(const struct vcpu *v) { return vcpu_get(v, VCPU_CR0); }
static inline uint64_t vcpu_cr3(const struct vcpu *v) { return vcpu_get(v, VCPU_CR3); }
static inline uint64_t vcpu_cr4(const struct vcpu *v) { return vcpu_get(v, VCPU_CR4); }
static inline uint64_t vcpu_efer(const struct vcpu *v) { return vcpu_get(v, VCPU_EFER); }
static inline uint64_t vcpu_pat(const struct vcpu *v) { return vcpu_get(v, VCPU_PAT); }
static inline void vcpu_set_pat(struct vcpu *v, uint64_t value) { vcpu_set(v, VCPU_PAT, value); }
/* Guest TSC = host TSC + @offset. */
static inline void vcpu_set_tsc_offset(struct vcpu *v, uint64_t offset) { vcpu_set(v, VCPU_TSC_OFFSET, offset); }

static inline uint64_t vcpu_gpr(const struct vcpu *v, unsigned index)
{
	return index == GPR_RSP ? vcpu_get(v, VCPU_RSP) : v->gpr[index];
}

static inline void vcpu_set_gpr(struct vcpu *v, unsigned index, uint64_t value)
{
	if (index == GPR_RSP)
		vcpu_set(v, VCPU_RSP, value);
	else
		v->gpr[index] = value;
}

static inline uint64_t vcpu_segment_base(const struct vcpu *v, enum vcpu_segment s)
{
	return vcpu_get(v, VCPU_BASE + s);
}

static inline uint32_t vcpu_segment_access(const struct vcpu *v, enum vcpu_segment s)
{
	return (uint32_t)vcpu_get(v, VCPU_ACCESS + s);
}

/* 0 to 3. */
static inline unsigned vcpu_cpl(const struct vcpu *v)
{
	return VCPU_ACCESS_DPL(vcpu_segment_access(v, SEG_SS));
}

/* Control-register writes with all checks; false: the guest gets #GP(0). */
bool vcpu_write_cr0(struct vcpu *v, uint64_t value);
bool vcpu_write_cr4(struct vcpu *v, uint64_t value);
bool vcpu_write_efer(struct vcpu *v, uint64_t value);
/* PDPTEs of a guest in PAE paging, which such a write to CR0 or CR4 loads from memory; false: reserved bits, #GP(0)
 * too. */
bool vcpu_pdptes_valid(const uint64_t pdpte[4]);
void vcpu_set_pdptes(struct vcpu *v, const uint64_t pdpte[4]);
bool vcpu_write_xcr0(struct vcpu *v, uint64_t value);

/* IA32_TSC_AUX, in the CPU too: only for a guest whose CPU policy shows RDTSCP. */
void vcpu_write_tsc_aux(struct vcpu *v, uint64_t value);

/* True if an external interrupt could be injected now. */
bool vcpu_interruptible(const struct vcpu *v);
/* The same for an NMI. */
bool vcpu_nmi_possible(const struct vcpu *v);
/* Asks for an exit as soon as it could be (or no longer). */
static inline void vcpu_want_interrupt_window(struct vcpu *v, bool on) { virt->want_interrupt_window(v, on); }
/* The same for an NMI, as soon as the handler of the last one has ended. */
static inline void vcpu_want_nmi_window(struct vcpu *v, bool on) { virt->want_nmi_window(v, on); }
void vcpu_inject_interrupt(struct vcpu *v, uint8_t vector);
void vcpu_inject_nmi(struct vcpu *v);
/* Exceptions; with_error for those that push an error code. One that meets an event whose delivery the exit cut short
 * takes its place, or both are a double fault or a shutdown, as on a CPU. */
void vcpu_inject_exception(struct vcpu *v, uint8_t vector, bool with_error, uint32_t error);
static inline void vcpu_inject_gp(struct vcpu *v) { vcpu_inject_exception(v, 13, true, 0); }
static inline void vcpu_inject_ud(struct vcpu *v) { vcpu_inject_exception(v, 6, false, 0); }
/* The exception that made the exit goes to the guest, with what its delivery does to DR6 and DR7. */
static inline void vcpu_reflect_exception(struct vcpu *v) { virt->reflect_exception(v); }
/* #PF at @linear, which CR2 then holds. */
void vcpu_inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error);
/* Turns page-modification logging on or off, and empties the log: entries @index+1..511 are valid. */
static inline void vcpu_set_pml(struct vcpu *v, bool on) { virt->set_pml(v, on); }
static inline uint16_t vcpu_take_pml(struct vcpu *v) { return virt->take_pml(v); }

/* The whole state; the vCPU must not be loaded. vcpu_check names what a hostile image has wrong. */
void vcpu_save(struct vcpu *v, struct vcpu_state *out);
enum err vcpu_check(const struct vcpu *v, const struct vcpu_state *in, struct why *why) NODISCARD;
void vcpu_restore(struct vcpu *v, const struct vcpu_state *in);
