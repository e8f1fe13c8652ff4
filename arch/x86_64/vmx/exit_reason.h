/* SPDX-License-Identifier: MIT */
/* exit_reason.h: why a guest left VMX non-root operation, by the SDM's names, and which kind of vcpu_exit that is. */
#pragma once
#include <stdint.h>

/* SDM Vol. 3, Appendix C "VMX Basic Exit Reasons": X(number, name, kind of vcpu_exit). */
#define VMX_EXIT_REASONS(X) \
	X(0,  EXCEPTION_OR_NMI,				EXCEPTION) \
	X(1,  EXTERNAL_INTERRUPT,			INTERRUPT) \
	X(2,  TRIPLE_FAULT,				TRIPLE_FAULT) \
	X(3,  INIT_SIGNAL,				UNKNOWN) \
	X(4,  SIPI,					UNKNOWN) \
	X(5,  IO_SMI,					UNKNOWN) \
	X(6,  OTHER_SMI,				UNKNOWN) \
	X(7,  INTERRUPT_WINDOW,				INTERRUPT_WINDOW) \
	X(8,  NMI_WINDOW,				NMI_WINDOW) \
	X(9,  TASK_SWITCH,				UNKNOWN) \
	X(10, CPUID,					CPUID) \
	X(11, GETSEC,					UNDEFINED) \
	X(12, HLT,					HLT) \
	X(13, INVD,					INVD) \
	X(14, INVLPG,					UNKNOWN) \
	X(15, RDPMC,					RDPMC) \
	X(16, RDTSC,					UNKNOWN) \
	X(17, RSM,					UNKNOWN) \
	X(18, VMCALL,					UNDEFINED) \
	X(19, VMCLEAR,					UNDEFINED) \
	X(20, VMLAUNCH,					UNDEFINED) \
	X(21, VMPTRLD,					UNDEFINED) \
	X(22, VMPTRST,					UNDEFINED) \
	X(23, VMREAD,					UNDEFINED) \
	X(24, VMRESUME,					UNDEFINED) \
	X(25, VMWRITE,					UNDEFINED) \
	X(26, VMXOFF,					UNDEFINED) \
	X(27, VMXON,					UNDEFINED) \
	X(28, CONTROL_REGISTER,				CR) \
	X(29, MOV_DR,					UNKNOWN) \
	X(30, IO_INSTRUCTION,				IO) \
	X(31, RDMSR,					RDMSR) \
	X(32, WRMSR,					WRMSR) \
	X(33, ENTRY_FAILURE_GUEST_STATE,		UNKNOWN) \
	X(34, ENTRY_FAILURE_MSR_LOADING,		UNKNOWN) \
	X(36, MWAIT,					UNDEFINED) \
	X(37, MONITOR_TRAP_FLAG,			UNKNOWN) \
	X(39, MONITOR,					UNDEFINED) \
	X(40, PAUSE,					UNKNOWN) \
	X(41, ENTRY_FAILURE_MACHINE_CHECK,		MACHINE_CHECK) \
	X(43, TPR_BELOW_THRESHOLD,			UNKNOWN) \
	X(44, APIC_ACCESS,				UNKNOWN) \
	X(45, VIRTUALIZED_EOI,				UNKNOWN) \
	X(46, GDTR_OR_IDTR,				UNKNOWN) \
	X(47, LDTR_OR_TR,				UNKNOWN) \
	X(48, EPT_VIOLATION,				MEMORY) \
	X(49, EPT_MISCONFIGURATION,			UNKNOWN) \
	X(50, INVEPT,					UNDEFINED) \
	X(51, RDTSCP,					UNKNOWN) \
	X(52, PREEMPTION_TIMER,				TIMER) \
	X(53, INVVPID,					UNDEFINED) \
	X(54, WBINVD,					WBINVD) \
	X(55, XSETBV,					XSETBV) \
	X(56, APIC_WRITE,				UNKNOWN) \
	X(57, RDRAND,					UNKNOWN) \
	X(58, INVPCID,					UNKNOWN) \
	X(59, VMFUNC,					UNDEFINED) \
	X(60, ENCLS,					UNDEFINED) \
	X(61, RDSEED,					UNKNOWN) \
	X(62, PAGE_MODIFICATION_LOG_FULL,		LOG_FULL) \
	X(63, XSAVES,					UNKNOWN) \
	X(64, XRSTORS,					UNKNOWN) \
	X(66, SPP_EVENT,				UNKNOWN) \
	X(67, UMWAIT,					UNKNOWN) \
	X(68, TPAUSE,					UNKNOWN) \
	X(69, LOADIWKEY,				UNKNOWN) \
	X(70, ENCLV,					UNKNOWN) \
	X(72, ENQCMD,					UNKNOWN) \
	X(73, ENQCMDS,					UNKNOWN) \
	X(74, BUS_LOCK,					UNKNOWN) \
	X(75, INSTRUCTION_TIMEOUT,			STUCK)

#define VMX_EXIT_ENUM(number, name, kind) VMX_EXIT_##name = number,
enum vmx_exit_reason { VMX_EXIT_REASONS(VMX_EXIT_ENUM) VMX_EXIT_REASON_COUNT };
#undef VMX_EXIT_ENUM

/* The name for people; "?" for a value the table doesn't have. */
const char *vmx_exit_reason_name(uint32_t basic_reason);
