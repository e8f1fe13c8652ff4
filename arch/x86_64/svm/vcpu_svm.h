/* SPDX-License-Identifier: MIT */
/* vcpu_svm.h: a vCPU on SVM: the functions that virt_ops of this family is made of, and what they share. */
#pragma once
#include "arch/x86_64/svm/vmcb.h"
#include "arch/x86_64/vcpu_backend.h"

/* As virt.h says of them. */
enum err svm_create(struct vcpu *v, struct why *why) NODISCARD;
void svm_destroy(struct vcpu *v);
void svm_load(struct vcpu *v);
void svm_put(struct vcpu *v);
void svm_select(struct vcpu *v);
uint64_t svm_get(const struct vcpu *v, enum vcpu_reg r);
void svm_set(struct vcpu *v, enum vcpu_reg r, uint64_t value);
void svm_flush_tlb(const struct vcpu *v);
void svm_restored(struct vcpu *v);
void svm_check(const struct vcpu_state *in, struct why_list *found);
enum err svm_run(struct vcpu *v, uint64_t timer_tsc) NODISCARD;
void svm_skip(struct vcpu *v);
void svm_want_interrupt_window(struct vcpu *v, bool on);
void svm_want_nmi_window(struct vcpu *v, bool on);
void svm_reflect_exception(struct vcpu *v);
void svm_set_pml(struct vcpu *v, bool on);
uint16_t svm_take_pml(struct vcpu *v);

/* The guest is in an NMI's handler, or no longer: SVM does not know it, so its IRET exits. */
void svm_block_nmis(struct vcpu *v, bool on);
