/* SPDX-License-Identifier: MIT */
/* exit_reason.h: why a guest left VMX non-root operation, by the SDM's names. */
#pragma once
#include <stdint.h>

/* SDM Vol. 3, Appendix C "VMX Basic Exit Reasons". */
#define VMX_EXIT_REASONS(X) \
	X(0,  EXCEPTION_OR_NMI) \
	X(1,  EXTERNAL_INTERRUPT) \
	X(2,  TRIPLE_FAULT) \
	X(3,  INIT_SIGNAL) \
	X(4,  SIPI) \
	X(5,  IO_SMI) \
	X(6,  OTHER_SMI) \
	X(7,  INTERRUPT_WINDOW) \
	X(8,  NMI_WINDOW) \
	X(9,  TASK_SWITCH) \
	X(10, CPUID) \
	X(11, GETSEC) \
	X(12, HLT) \
	X(13, INVD) \
	X(14, INVLPG) \
	X(15, RDPMC) \
	X(16, RDTSC) \
	X(17, RSM) \
	X(18, VMCALL) \
	X(19, VMCLEAR) \
	X(20, VMLAUNCH) \
	X(21, VMPTRLD) \
	X(22, VMPTRST) \
	X(23, VMREAD) \
	X(24, VMRESUME) \
	X(25, VMWRITE) \
	X(26, VMXOFF) \
	X(27, VMXON) \
	X(28, CONTROL_REGISTER) \
	X(29, MOV_DR) \
	X(30, IO_INSTRUCTION) \
	X(31, RDMSR) \
	X(32, WRMSR) \
	X(33, ENTRY_FAILURE_GUEST_STATE) \
	X(34, ENTRY_FAILURE_MSR_LOADING) \
	X(36, MWAIT) \
	X(37, MONITOR_TRAP_FLAG) \
	X(39, MONITOR) \
	X(40, PAUSE) \
	X(41, ENTRY_FAILURE_MACHINE_CHECK) \
	X(43, TPR_BELOW_THRESHOLD) \
	X(44, APIC_ACCESS) \
	X(45, VIRTUALIZED_EOI) \
	X(46, GDTR_OR_IDTR) \
	X(47, LDTR_OR_TR) \
	X(48, EPT_VIOLATION) \
	X(49, EPT_MISCONFIGURATION) \
	X(50, INVEPT) \
	X(51, RDTSCP) \
	X(52, PREEMPTION_TIMER) \
	X(53, INVVPID) \
	X(54, WBINVD) \
	X(55, XSETBV) \
	X(56, APIC_WRITE) \
	X(57, RDRAND) \
	X(58, INVPCID) \
	X(59, VMFUNC) \
	X(60, ENCLS) \
	X(61, RDSEED) \
	X(62, PAGE_MODIFICATION_LOG_FULL) \
	X(63, XSAVES) \
	X(64, XRSTORS) \
	X(66, SPP_EVENT) \
	X(67, UMWAIT) \
	X(68, TPAUSE) \
	X(69, LOADIWKEY) \
	X(70, ENCLV) \
	X(72, ENQCMD) \
	X(73, ENQCMDS) \
	X(74, BUS_LOCK) \
	X(75, INSTRUCTION_TIMEOUT)

#define VMX_EXIT_ENUM(number, name) VMX_EXIT_##name = number,
enum vmx_exit_reason { VMX_EXIT_REASONS(VMX_EXIT_ENUM) VMX_EXIT_REASON_COUNT };
#undef VMX_EXIT_ENUM

/* The name for people; "?" for a value the table doesn't have. */
const char *vmx_exit_reason_name(uint32_t basic_reason);
