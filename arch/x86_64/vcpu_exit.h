/* SPDX-License-Identifier: MIT */
/* vcpu_exit.h: why a guest left its processor, in words of the architecture; filled by the backend's decode.c. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum vcpu_exit_kind {
	VCPU_EXIT_UNKNOWN,		/* nothing that Tern asked for: see unknown */
	VCPU_EXIT_INTERRUPT,		/* the host's */
	VCPU_EXIT_NMI,			/* the host's */
	VCPU_EXIT_MACHINE_CHECK,	/* the host's; also after a vcpu_run that failed */
	VCPU_EXIT_EXCEPTION,		/* the guest's, for vcpu_reflect_exception */
	VCPU_EXIT_TRIPLE_FAULT,
	VCPU_EXIT_INTERRUPT_WINDOW,	/* vcpu_want_interrupt_window */
	VCPU_EXIT_NMI_WINDOW,		/* vcpu_want_nmi_window */
	VCPU_EXIT_TIMER,		/* the time that vcpu_run was given is over */
	VCPU_EXIT_STUCK,		/* an instruction came to no end: see stuck */
	VCPU_EXIT_LOG_FULL,		/* the log of written pages */
	VCPU_EXIT_UNDEFINED,		/* an instruction that guests don't have */
	VCPU_EXIT_CPUID,
	VCPU_EXIT_HLT,
	VCPU_EXIT_INVD,
	VCPU_EXIT_WBINVD,
	VCPU_EXIT_RDPMC,
	VCPU_EXIT_RDMSR,
	VCPU_EXIT_WRMSR,
	VCPU_EXIT_XSETBV,
	VCPU_EXIT_CR,			/* an access to a control register: see cr */
	VCPU_EXIT_IO,			/* IN, OUT, INS, OUTS: see io */
	VCPU_EXIT_MEMORY,		/* nothing maps an address, or not for such an access: see memory */
	VCPU_EXIT_UNDECODED,		/* an instruction of which the processor says too little: see undecoded */
	VCPU_EXIT_KINDS
};

/* What an instruction does with a control register. */
enum vcpu_cr_access { VCPU_CR_WRITE, VCPU_CR_READ, VCPU_CR_CLTS, VCPU_CR_LMSW };
/* Flags of an I/O instruction. */
enum { VCPU_IO_IN = 1, VCPU_IO_STRING = 2, VCPU_IO_REP = 4 };
/* Flags of an access to memory. OPERAND: an instruction's, to what its linear address maps to; else the CPU's own, to
 * paging structures or for the delivery of an event. */
enum { VCPU_MEMORY_WRITE = 1, VCPU_MEMORY_FETCH = 2, VCPU_MEMORY_OPERAND = 4 };

struct vcpu_exit {
	uint32_t kind;			/* enum vcpu_exit_kind */
	uint32_t length;		/* of the instruction that exited */
	uint32_t undecoded;		/* the kind that it is, whose length and general register (of cr) are to be
					 * read in its code. length is that without prefixes */
	union {
		struct { uint16_t port; uint8_t size, flags; } io;
		struct { uint8_t number, gpr, access; uint16_t source; } cr;	/* source: of LMSW */
		struct { uint64_t at; uint32_t flags; } memory;
		struct { bool state_lost; } stuck;	/* the guest can't go on */
		struct { uint32_t reason; const char *name; uint64_t detail; } unknown;	/* as the backend knows it */
	};
};
