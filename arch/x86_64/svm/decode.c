/* SPDX-License-Identifier: MIT */
/* decode.c: what the VMCB says of an exit, in the words of vcpu_exit.h; APM Vol. 2, "#VMEXIT" and "Instruction
 * Intercepts". */
#include "arch/x86_64/svm/decode.h"
#include "arch/x86_64/svm/exit_code.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/svm/vcpu_svm.h"

/* EXITINFO1 */
#define MSR_WRITE	1u
#define CR_WRITE_CODE	(1u << 4)	/* of the exit code: a write, of the register that the low bits number */
#define CR_GPR_VALID	(1ull << 63)	/* it was a MOV */
#define NPF_WRITE	(1ull << 1)
#define NPF_FETCH	(1ull << 4)
#define NPF_OPERAND	(1ull << 32)	/* the final address, not a paging structure's */

enum { VECTOR_BP = 3, VECTOR_OF = 4 };

struct row { uint16_t code; uint8_t kind, length; };
#define ROW(code, name, kind, length) { code, VCPU_EXIT_##kind, length },
static const struct row rows[] = { SVM_EXIT_CODES(ROW) };

/* The rows stand in the order of their codes. */
static const struct row *find(uint64_t code)
{
	unsigned low = 0, high = sizeof(rows) / sizeof(rows[0]);

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (rows[middle].code == code)
			return &rows[middle];
		if (rows[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* "IOIO Intercept": type, string and REP are bits 0, 2 and 3, the size is one of bits 4 to 6, and EXITINFO2 is the RIP
 * behind it. */
static void io(struct vcpu *v)
{
	uint64_t info = vmcb_read(v->svm.vmcb, VMCB_EXITINFO1);

	v->exit.io.port = (uint16_t)(info >> 16);
	v->exit.io.size = info >> 4 & 7;
	v->exit.io.flags = (info & 1) | (info >> 1 & (VCPU_IO_STRING | VCPU_IO_REP));
	v->exit.length = (uint32_t)(vmcb_read(v->svm.vmcb, VMCB_EXITINFO2) - vmcb_read(v->svm.vmcb, VMCB_RIP));
}

static void cr(struct vcpu *v, uint32_t code)
{
	uint64_t info = vmcb_read(v->svm.vmcb, VMCB_EXITINFO1);

	v->exit.cr.number = code & 15;
	v->exit.cr.access = code & CR_WRITE_CODE ? VCPU_CR_WRITE : VCPU_CR_READ;
	v->exit.cr.gpr = info & 15;
	if (!svm_caps_has(svm_caps(), SVM_FEATURE_DECODE_ASSISTS) || !(info & CR_GPR_VALID)) {
		v->exit.undecoded = VCPU_EXIT_CR;
		v->exit.kind = VCPU_EXIT_UNDECODED;
	}
}

/* "Nested versus Guest Page Faults". */
static void memory(struct vcpu *v)
{
	uint64_t info = vmcb_read(v->svm.vmcb, VMCB_EXITINFO1);

	v->exit.memory.at = vmcb_read(v->svm.vmcb, VMCB_EXITINFO2);
	v->exit.memory.flags = (info & NPF_WRITE ? VCPU_MEMORY_WRITE : 0) | (info & NPF_FETCH ? VCPU_MEMORY_FETCH : 0) |
			       (info & NPF_OPERAND ? VCPU_MEMORY_OPERAND : 0);
}

static void unknown(struct vcpu *v, uint32_t code)
{
	v->exit.kind = VCPU_EXIT_UNKNOWN;
	v->exit.unknown.reason = code;
	v->exit.unknown.name = svm_exit_name(code);
	v->exit.unknown.detail = vmcb_read(v->svm.vmcb, VMCB_EXITINFO1);
}

/* Where the processor does not say where the next instruction begins, the length in the table is that without prefixes,
 * and whoever can read the guest's code looks for them. */
static void length(struct vcpu *v, const struct row *r)
{
	v->exit.length = r->length;
	if (!r->length)
		return;
	if (svm_caps_has(svm_caps(), SVM_FEATURE_NRIPS)) {
		v->exit.length = (uint32_t)(vmcb_read(v->svm.vmcb, VMCB_NRIP) - vmcb_read(v->svm.vmcb, VMCB_RIP));
	} else if (r->kind != VCPU_EXIT_UNDEFINED) {
		v->exit.undecoded = v->exit.kind;
		v->exit.kind = VCPU_EXIT_UNDECODED;
	}
}

/* An event whose delivery was cut short by the exit must be delivered again. Of INT n, INT3 and INTO the instruction is
 * executed again instead: RIP stands on it. */
static void keep_interrupted_event(struct vcpu *v)
{
	uint64_t info = vmcb_read(v->svm.vmcb, VMCB_EXITINTINFO);
	uint32_t event = (uint32_t)(info & EVENT_BITS), vector = event & 0xff;

	v->event = 0;
	if (__builtin_expect(!(info & VCPU_EVENT_VALID), 1) || VCPU_EVENT_TYPE(event) == VCPU_EVENT_INT_N)
		return;
	if (VCPU_EVENT_TYPE(event) == VCPU_EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF))
		return;
	v->event = event;
	v->event_error = event & VCPU_EVENT_ERROR ? (uint32_t)(info >> EVENT_ERROR_SHIFT) : 0;
	v->event_length = 0;
	if (VCPU_EVENT_TYPE(event) == VCPU_EVENT_NMI)
		svm_block_nmis(v, false);
}

/* The IRET that ends an NMI's handler exits before it is executed: NMIs are blocked until RIP has left it. */
static void end_nmi_blocking(struct vcpu *v, uint32_t code)
{
	uint64_t rip = vmcb_read(v->svm.vmcb, VMCB_RIP);

	if (code == SVM_EXIT_IRET) {
		v->svm.nmi_returns = true;
		v->svm.iret_rip = rip;
		vmcb_change(v->svm.vmcb, VMCB_INTERCEPT_1, INTERCEPT_IRET, false);
	} else if (v->svm.nmi_returns && rip != v->svm.iret_rip) {
		svm_block_nmis(v, false);
	}
}

enum err svm_decode(struct vcpu *v)
{
	uint64_t code = vmcb_read(v->svm.vmcb, VMCB_EXITCODE);
	const struct row *r = find(code);

	v->exit.length = 0;
	if ((uint32_t)code == SVM_EXIT_INVALID || !r) {
		unknown(v, (uint32_t)code);
		if ((uint32_t)code == SVM_EXIT_INVALID)
			return ERR_INVALID;
		keep_interrupted_event(v);
		return ERR_OK;
	}
	v->exit.kind = r->kind;
	if (code == SVM_EXIT_MSR && (vmcb_read(v->svm.vmcb, VMCB_EXITINFO1) & MSR_WRITE))
		v->exit.kind = VCPU_EXIT_WRMSR;
	length(v, r);
	keep_interrupted_event(v);
	if (__builtin_expect(v->svm.nmi_blocked, 0))
		end_nmi_blocking(v, (uint32_t)code);
	if (r->kind == VCPU_EXIT_IO)
		io(v);
	else if (r->kind == VCPU_EXIT_CR)
		cr(v, (uint32_t)code);
	else if (r->kind == VCPU_EXIT_MEMORY)
		memory(v);
	else if (r->kind == VCPU_EXIT_UNKNOWN)
		unknown(v, (uint32_t)code);
	return ERR_OK;
}
