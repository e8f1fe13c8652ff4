/* SPDX-License-Identifier: MIT */
/* nmi.S: a handler that sends the next NMI to itself while NMIs are blocked, then leaves by an IRET that must write: the
 * descriptor that it loads lies in a fresh page and is marked as accessed. */
#define ICR 0xfee00300
#define NMI_TO_ITSELF 0x400	/* physical destination 0, which is this processor */

	.text
	.global nmi_handler
nmi_handler:				/* RAX and RCX are its own: see nmi_send_and_wait */
	mov (%rsp), %rax		/* what was interrupted: never this handler */
	lea nmi_handler(%rip), %rcx
	cmp %rcx, %rax
	jb 1f
	lea nmi_handler_end(%rip), %rcx
	cmp %rcx, %rax
	jae 1f
	incq nmi_nested(%rip)
1:	mov nmi_page(%rip), %rax
	mov %rax, gdtr + 2(%rip)
	lgdt gdtr(%rip)
	mov nmi_fill(%rip), %rcx
	inc %rcx
	shl $12, %rcx
	add %rcx, nmi_page(%rip)
	incq nmi_count(%rip)
	mov nmi_count(%rip), %rax
	cmp nmi_want(%rip), %rax
	jae 2f
	mov $ICR, %ecx
	movl $NMI_TO_ITSELF, (%rcx)
2:	/* As many fresh pages as a log has room for. Nothing but the IRET touches memory after them: an emulator may look
	 * for room at any access that misses its TLB. */
	mov gdtr + 2(%rip), %rax
	mov nmi_fill(%rip), %rcx
	jrcxz 4f
3:	add $4096, %rax
	movq $1, 64(%rax)
	dec %rcx
	jnz 3b
4:	iretq
nmi_handler_end:

/* void nmi_send_and_wait(uint64_t rounds): the first NMI, and until all that are wanted have come. */
	.global nmi_send_and_wait
nmi_send_and_wait:
	mov $ICR, %ecx
	movl $NMI_TO_ITSELF, (%rcx)
1:	pause
	mov nmi_count(%rip), %rdx
	cmp nmi_want(%rip), %rdx
	jae 2f
	dec %rdi
	jnz 1b
2:	ret

	.data
	.balign 8
	.global nmi_count, nmi_nested, nmi_page, nmi_want, nmi_fill
nmi_count:	.quad 0
nmi_nested:	.quad 0
nmi_page:	.quad 0
nmi_want:	.quad 0
nmi_fill:	.quad 0
gdtr:		.word 31
		.quad 0
	.section .note.GNU-stack, "", @progbits
