/* SPDX-License-Identifier: MIT */
/* controls.h: the bits of the five VMX control fields, in the SDM's words. */
#pragma once

/* X(bit, NAME, "words of SDM Vol. 3, VM-Execution / VM-Exit / VM-Entry Control Fields") */
#define VMX_PIN_CONTROLS(X) \
	X(0,  EXTERNAL_INTERRUPT_EXITING, "external-interrupt exiting") \
	X(3,  NMI_EXITING, "NMI exiting") \
	X(5,  VIRTUAL_NMIS, "virtual NMIs") \
	X(6,  PREEMPTION_TIMER, "activate VMX-preemption timer") \
	X(7,  POSTED_INTERRUPTS, "process posted interrupts")

#define VMX_PROC_CONTROLS(X) \
	X(2,  INTERRUPT_WINDOW_EXITING, "interrupt-window exiting") \
	X(3,  TSC_OFFSETTING, "use TSC offsetting") \
	X(7,  HLT_EXITING, "HLT exiting") \
	X(9,  INVLPG_EXITING, "INVLPG exiting") \
	X(10, MWAIT_EXITING, "MWAIT exiting") \
	X(11, RDPMC_EXITING, "RDPMC exiting") \
	X(12, RDTSC_EXITING, "RDTSC exiting") \
	X(15, CR3_LOAD_EXITING, "CR3-load exiting") \
	X(16, CR3_STORE_EXITING, "CR3-store exiting") \
	X(19, CR8_LOAD_EXITING, "CR8-load exiting") \
	X(20, CR8_STORE_EXITING, "CR8-store exiting") \
	X(21, TPR_SHADOW, "use TPR shadow") \
	X(22, NMI_WINDOW_EXITING, "NMI-window exiting") \
	X(23, MOV_DR_EXITING, "MOV-DR exiting") \
	X(24, UNCONDITIONAL_IO_EXITING, "unconditional I/O exiting") \
	X(25, IO_BITMAPS, "use I/O bitmaps") \
	X(27, MONITOR_TRAP_FLAG, "monitor trap flag") \
	X(28, MSR_BITMAPS, "use MSR bitmaps") \
	X(29, MONITOR_EXITING, "MONITOR exiting") \
	X(30, PAUSE_EXITING, "PAUSE exiting") \
	X(31, SECONDARY_CONTROLS, "activate secondary controls")

#define VMX_PROC2_CONTROLS(X) \
	X(0,  VIRTUALIZE_APIC_ACCESSES, "virtualize APIC accesses") \
	X(1,  EPT, "enable EPT") \
	X(2,  DESCRIPTOR_TABLE_EXITING, "descriptor-table exiting") \
	X(3,  RDTSCP, "enable RDTSCP") \
	X(4,  VIRTUALIZE_X2APIC_MODE, "virtualize x2APIC mode") \
	X(5,  VPID, "enable VPID") \
	X(6,  WBINVD_EXITING, "WBINVD exiting") \
	X(7,  UNRESTRICTED_GUEST, "unrestricted guest") \
	X(8,  APIC_REGISTER_VIRTUALIZATION, "APIC-register virtualization") \
	X(9,  VIRTUAL_INTERRUPT_DELIVERY, "virtual-interrupt delivery") \
	X(10, PAUSE_LOOP_EXITING, "PAUSE-loop exiting") \
	X(11, RDRAND_EXITING, "RDRAND exiting") \
	X(12, INVPCID, "enable INVPCID") \
	X(13, VM_FUNCTIONS, "enable VM functions") \
	X(14, VMCS_SHADOWING, "VMCS shadowing") \
	X(15, ENCLS_EXITING, "enable ENCLS exiting") \
	X(16, RDSEED_EXITING, "RDSEED exiting") \
	X(17, PML, "enable PML") \
	X(18, EPT_VIOLATION_VE, "EPT-violation #VE") \
	X(19, CONCEAL_FROM_PT, "conceal VMX from PT") \
	X(20, XSAVES, "enable XSAVES/XRSTORS") \
	X(22, MODE_BASED_EXECUTE, "mode-based execute control for EPT") \
	X(23, SUB_PAGE_PERMISSIONS, "sub-page write permissions for EPT") \
	X(24, PT_GUEST_PHYSICAL, "Intel PT uses guest physical addresses") \
	X(25, TSC_SCALING, "use TSC scaling") \
	X(26, USER_WAIT, "enable user wait and pause") \
	X(28, ENCLV_EXITING, "enable ENCLV exiting") \
	X(30, BUS_LOCK_DETECTION, "VMM bus-lock detection") \
	X(31, INSTRUCTION_TIMEOUT, "instruction timeout")

#define VMX_EXIT_CONTROLS(X) \
	X(2,  SAVE_DEBUG_CONTROLS, "save debug controls") \
	X(9,  HOST_ADDRESS_SPACE_SIZE, "host address-space size") \
	X(12, LOAD_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL") \
	X(15, ACKNOWLEDGE_INTERRUPT, "acknowledge interrupt on exit") \
	X(18, SAVE_PAT, "save IA32_PAT") \
	X(19, LOAD_PAT, "load IA32_PAT") \
	X(20, SAVE_EFER, "save IA32_EFER") \
	X(21, LOAD_EFER, "load IA32_EFER") \
	X(22, SAVE_PREEMPTION_TIMER, "save VMX-preemption timer value") \
	X(23, CLEAR_BNDCFGS, "clear IA32_BNDCFGS") \
	X(24, CONCEAL_FROM_PT, "conceal VMX from PT")

#define VMX_ENTRY_CONTROLS(X) \
	X(2,  LOAD_DEBUG_CONTROLS, "load debug controls") \
	X(9,  IA32E_MODE_GUEST, "IA-32e mode guest") \
	X(10, SMM, "entry to SMM") \
	X(11, DEACTIVATE_DUAL_MONITOR, "deactivate dual-monitor treatment") \
	X(13, LOAD_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL") \
	X(14, LOAD_PAT, "load IA32_PAT") \
	X(15, LOAD_EFER, "load IA32_EFER") \
	X(16, LOAD_BNDCFGS, "load IA32_BNDCFGS") \
	X(17, CONCEAL_FROM_PT, "conceal VMX from PT")

#define VMX_PIN_ENUM(bit, name, words)	  VMX_PIN_##name = 1u << bit,
#define VMX_PROC_ENUM(bit, name, words)	  VMX_PROC_##name = 1u << bit,
#define VMX_PROC2_ENUM(bit, name, words)  VMX_PROC2_##name = 1u << bit,
#define VMX_EXITC_ENUM(bit, name, words)  VMX_EXITC_##name = 1u << bit,
#define VMX_ENTRYC_ENUM(bit, name, words) VMX_ENTRYC_##name = 1u << bit,

/* VMX_PIN_NAME, VMX_PROC_NAME, VMX_PROC2_NAME, VMX_EXITC_NAME, VMX_ENTRYC_NAME */
enum {
	VMX_PIN_CONTROLS(VMX_PIN_ENUM) VMX_PROC_CONTROLS(VMX_PROC_ENUM) VMX_PROC2_CONTROLS(VMX_PROC2_ENUM)
	VMX_EXIT_CONTROLS(VMX_EXITC_ENUM) VMX_ENTRY_CONTROLS(VMX_ENTRYC_ENUM)
};
