/* SPDX-License-Identifier: MIT */
/* exit_code.h: why a guest left guest mode, by the APM's names, and which kind of vcpu_exit that is. */
#pragma once
#include <stdint.h>

/* APM Vol. 2, Appendix C "SVM Intercept Exit Codes": X(code, name, kind of vcpu_exit, bytes of the instruction without
 * prefixes, 0 where there is none or it varies). The host takes its NMI where STGI ends an exit for one: it is an
 * interrupt that was. */
#define SVM_EXIT_CODES(X) \
	X(0x004, CR4_READ,	CR,			3) \
	X(0x008, CR8_READ,	CR,			4) \
	X(0x014, CR4_WRITE,	CR,			3) \
	X(0x018, CR8_WRITE,	CR,			4) \
	X(0x041, EXCEPTION_DB,	EXCEPTION,		0) \
	X(0x051, EXCEPTION_AC,	EXCEPTION,		0) \
	X(0x052, EXCEPTION_MC,	MACHINE_CHECK,		0) \
	X(0x060, INTR,		INTERRUPT,		0) \
	X(0x061, NMI,		INTERRUPT,		0) \
	X(0x062, SMI,		UNKNOWN,		0) \
	X(0x063, INIT,		UNKNOWN,		0) \
	X(0x064, VINTR,		INTERRUPT_WINDOW,	0) \
	X(0x06f, RDPMC,		RDPMC,			2) \
	X(0x072, CPUID,		CPUID,			2) \
	X(0x073, RSM,		UNKNOWN,		2) \
	X(0x074, IRET,		NMI_WINDOW,		0) \
	X(0x076, INVD,		INVD,			2) \
	X(0x077, PAUSE,		UNKNOWN,		0) \
	X(0x078, HLT,		HLT,			1) \
	X(0x079, INVLPG,	UNKNOWN,		0) \
	X(0x07a, INVLPGA,	UNDEFINED,		3) \
	X(0x07b, IOIO,		IO,			0) \
	X(0x07c, MSR,		RDMSR,			2) \
	X(0x07d, TASK_SWITCH,	UNKNOWN,		0) \
	X(0x07e, FERR_FREEZE,	UNKNOWN,		0) \
	X(0x07f, SHUTDOWN,	TRIPLE_FAULT,		0) \
	X(0x080, VMRUN,		UNDEFINED,		3) \
	X(0x081, VMMCALL,	UNDEFINED,		3) \
	X(0x082, VMLOAD,	UNDEFINED,		3) \
	X(0x083, VMSAVE,	UNDEFINED,		3) \
	X(0x084, STGI,		UNDEFINED,		3) \
	X(0x085, CLGI,		UNDEFINED,		3) \
	X(0x086, SKINIT,	UNDEFINED,		3) \
	X(0x089, WBINVD,	WBINVD,			2) \
	X(0x08a, MONITOR,	UNDEFINED,		3) \
	X(0x08b, MWAIT,		UNDEFINED,		3) \
	X(0x08c, MWAIT_ARMED,	UNDEFINED,		3) \
	X(0x08d, XSETBV,	XSETBV,			3) \
	X(0x400, NPF,		MEMORY,			0)

#define SVM_EXIT_ENUM(code, name, kind, length) SVM_EXIT_##name = code,
enum svm_exit_code { SVM_EXIT_CODES(SVM_EXIT_ENUM) };
#undef SVM_EXIT_ENUM

/* VMEXIT_INVALID is -1; some write it in 32 bits. */
#define SVM_EXIT_INVALID 0xffffffffu

/* The name for people; "?" for a value the table doesn't have. */
const char *svm_exit_name(uint32_t code);
