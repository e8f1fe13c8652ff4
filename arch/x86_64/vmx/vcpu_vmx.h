/* SPDX-License-Identifier: MIT */
/* vcpu_vmx.h: a vCPU on VT-x: the functions that virt_ops of this family is made of, and what they share. */
#pragma once
#include "arch/x86_64/vcpu_backend.h"
#include "arch/x86_64/vmx/vmcs_fields.h"

/* CR0 bits that the guest sees from the shadow: NE is fixed by VMX, caching is the host's. */
#define VMX_CR0_OWNED	(CR0_NE | CR0_CD | CR0_NW)
/* And of CR4: without MCE a machine check is a shutdown, whoever runs. */
#define VMX_CR4_OWNED	(CR4_VMXE | CR4_MCE)

/* Interruption information, of the VMCS's fields, is an event as the record has it, with one more bit that is undefined
 * at exits. */
#define VMX_EVENT_BITS	(VCPU_EVENT_VALID | 0xfffu)

/* As virt.h says of them. */
enum err vmx_create(struct vcpu *v, struct why *why) NODISCARD;
void vmx_destroy(struct vcpu *v);
void vmx_load(struct vcpu *v);
void vmx_put(struct vcpu *v);
uint64_t vmx_get(const struct vcpu *v, enum vcpu_reg r);
void vmx_set(struct vcpu *v, enum vcpu_reg r, uint64_t value);
void vmx_flush_tlb(const struct vcpu *v);
void vmx_restored(struct vcpu *v);
void vmx_check(const struct vcpu_state *in, struct why_list *found);
enum err vmx_run(struct vcpu *v, uint64_t timer_tsc) NODISCARD;
void vmx_skip(struct vcpu *v);
void vmx_want_interrupt_window(struct vcpu *v, bool on);
void vmx_want_nmi_window(struct vcpu *v, bool on);
void vmx_reflect_exception(struct vcpu *v);
void vmx_set_pml(struct vcpu *v, bool on);
uint16_t vmx_take_pml(struct vcpu *v);

/* The VMCS of @v becomes current on this CPU. */
void vmx_select(struct vcpu *v);
/* The field in which a register lies (CR0 and CR4 partly); 0, another's, of one that is in none. */
enum vmcs_field vmx_field(enum vcpu_reg r);
/* Tells of a VM entry that failed, with its audit; ERR_INVALID. VMX_SUCCEED: it ended in an exit that says so. */
enum err vmx_entry_failed(struct vcpu *v, enum vmx_status status);
