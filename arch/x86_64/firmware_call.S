/* SPDX-License-Identifier: MIT */
/* firmware_call.S: to the firmware's stack and calling convention, and back. */
	.section .bss
	.balign 8
saved_rsp:
	.skip 8

	.section .rodata
	.balign 4
mxcsr_uefi:
	.long 0x1f80
fcw_uefi:
	.word 0x37f

	.text
	.global firmware_enter
	.hidden firmware_enter
	.global firmware_leave
	.hidden firmware_leave
/* uint64_t firmware_enter(uint64_t function, const uint64_t args[5], uint64_t stack_top) */
firmware_enter:
	push %rbp
	mov %rsp, %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	sub $8, %rsp
	stmxcsr (%rsp)
	fnstcw 4(%rsp)
	mov %rsp, saved_rsp(%rip)
	mov %rdx, %rsp
	and $-16, %rsp
	sub $48, %rsp
	ldmxcsr mxcsr_uefi(%rip)
	fldcw fcw_uefi(%rip)
	cld
	mov %rdi, %rax
	mov %rsi, %r10
	mov 32(%r10), %r11
	mov %r11, 32(%rsp)
	mov (%r10), %rcx
	mov 8(%r10), %rdx
	mov 16(%r10), %r8
	mov 24(%r10), %r9
	call *%rax
/* An exception in the firmware ends here as well, whatever it left behind. */
firmware_leave:
	cli
	cld
	mov saved_rsp(%rip), %rsp
	ldmxcsr (%rsp)
	fldcw 4(%rsp)
	add $8, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.section .note.GNU-stack, "", @progbits
