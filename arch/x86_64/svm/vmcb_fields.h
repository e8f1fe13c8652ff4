/* SPDX-License-Identifier: MIT */
/* vmcb_fields.h: the fields of the virtual machine control block, named after APM Vol. 2, Appendix B. */
#pragma once

/* F(offset, bytes, name). */
#define VMCB_FIELDS(F) \
	/* control area */ \
	F(0x000, 2, INTERCEPT_CR_READ) \
	F(0x002, 2, INTERCEPT_CR_WRITE) \
	F(0x004, 2, INTERCEPT_DR_READ) \
	F(0x006, 2, INTERCEPT_DR_WRITE) \
	F(0x008, 4, INTERCEPT_EXCEPTIONS) \
	F(0x00c, 4, INTERCEPT_1) \
	F(0x010, 4, INTERCEPT_2) \
	F(0x014, 4, INTERCEPT_3) \
	F(0x03c, 2, PAUSE_FILTER_THRESHOLD) \
	F(0x03e, 2, PAUSE_FILTER_COUNT) \
	F(0x040, 8, IOPM_BASE_PA) \
	F(0x048, 8, MSRPM_BASE_PA) \
	F(0x050, 8, TSC_OFFSET) \
	F(0x058, 4, GUEST_ASID) \
	F(0x05c, 1, TLB_CONTROL) \
	F(0x060, 8, VIRTUAL_INTERRUPT) \
	F(0x068, 8, INTERRUPT_SHADOW) \
	F(0x070, 8, EXITCODE) \
	F(0x078, 8, EXITINFO1) \
	F(0x080, 8, EXITINFO2) \
	F(0x088, 8, EXITINTINFO) \
	F(0x090, 8, NP_ENABLE) \
	F(0x0a8, 8, EVENTINJ) \
	F(0x0b0, 8, N_CR3) \
	F(0x0b8, 8, LBR_VIRTUALIZATION) \
	F(0x0c0, 4, CLEAN_BITS) \
	F(0x0c8, 8, NRIP) \
	F(0x0d0, 1, FETCHED_BYTES) \
	/* state save area */ \
	F(0x400, 2, ES_SELECTOR) F(0x402, 2, ES_ATTRIB) F(0x404, 4, ES_LIMIT) F(0x408, 8, ES_BASE) \
	F(0x410, 2, CS_SELECTOR) F(0x412, 2, CS_ATTRIB) F(0x414, 4, CS_LIMIT) F(0x418, 8, CS_BASE) \
	F(0x420, 2, SS_SELECTOR) F(0x422, 2, SS_ATTRIB) F(0x424, 4, SS_LIMIT) F(0x428, 8, SS_BASE) \
	F(0x430, 2, DS_SELECTOR) F(0x432, 2, DS_ATTRIB) F(0x434, 4, DS_LIMIT) F(0x438, 8, DS_BASE) \
	F(0x440, 2, FS_SELECTOR) F(0x442, 2, FS_ATTRIB) F(0x444, 4, FS_LIMIT) F(0x448, 8, FS_BASE) \
	F(0x450, 2, GS_SELECTOR) F(0x452, 2, GS_ATTRIB) F(0x454, 4, GS_LIMIT) F(0x458, 8, GS_BASE) \
	F(0x464, 4, GDTR_LIMIT) F(0x468, 8, GDTR_BASE) \
	F(0x470, 2, LDTR_SELECTOR) F(0x472, 2, LDTR_ATTRIB) F(0x474, 4, LDTR_LIMIT) F(0x478, 8, LDTR_BASE) \
	F(0x484, 4, IDTR_LIMIT) F(0x488, 8, IDTR_BASE) \
	F(0x490, 2, TR_SELECTOR) F(0x492, 2, TR_ATTRIB) F(0x494, 4, TR_LIMIT) F(0x498, 8, TR_BASE) \
	F(0x4cb, 1, CPL) \
	F(0x4d0, 8, EFER) \
	F(0x548, 8, CR4) \
	F(0x550, 8, CR3) \
	F(0x558, 8, CR0) \
	F(0x560, 8, DR7) \
	F(0x568, 8, DR6) \
	F(0x570, 8, RFLAGS) \
	F(0x578, 8, RIP) \
	F(0x5d8, 8, RSP) \
	F(0x5f8, 8, RAX) \
	F(0x600, 8, STAR) \
	F(0x608, 8, LSTAR) \
	F(0x610, 8, CSTAR) \
	F(0x618, 8, SFMASK) \
	F(0x620, 8, KERNEL_GS_BASE) \
	F(0x628, 8, SYSENTER_CS) \
	F(0x630, 8, SYSENTER_ESP) \
	F(0x638, 8, SYSENTER_EIP) \
	F(0x640, 8, CR2) \
	F(0x668, 8, G_PAT) \
	F(0x670, 8, DBGCTL)

/* The width stands above the offset, so that a field's name is all that an access needs. */
#define VMCB_WIDTH_SHIFT	12
#define VMCB_ENUM(offset, bytes, name) VMCB_##name = (offset) | (bytes) << VMCB_WIDTH_SHIFT,
enum vmcb_field { VMCB_FIELDS(VMCB_ENUM) };
#undef VMCB_ENUM
