/* SPDX-License-Identifier: MIT */
/* run.S: the instruction that enters a guest, what VMRUN does not swap, and the way back. */
	.text
/* void svm_enter(uint64_t gpr[16], uint64_t vmcb, uint64_t host)
 * Physical addresses: the guest's VMCB, and a page in which VMSAVE has put the host's state. Called with interrupts
 * off, and returns so. In between IF is set while GIF is clear: VMRUN takes the host's IF as what lets INTR exit. */
	.global svm_enter
	.hidden svm_enter
svm_enter:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdx
	push %rdi
	mov %rsi, %rax
	mov 0x08(%rdi), %rcx
	mov 0x10(%rdi), %rdx
	mov 0x18(%rdi), %rbx
	mov 0x28(%rdi), %rbp
	mov 0x30(%rdi), %rsi
	mov 0x40(%rdi), %r8
	mov 0x48(%rdi), %r9
	mov 0x50(%rdi), %r10
	mov 0x58(%rdi), %r11
	mov 0x60(%rdi), %r12
	mov 0x68(%rdi), %r13
	mov 0x70(%rdi), %r14
	mov 0x78(%rdi), %r15
	mov 0x38(%rdi), %rdi
	clgi
	sti
	vmload %rax
	vmrun %rax
	vmsave %rax
	/* RSP and RAX are the host's again. */
	push %rdi
	mov 8(%rsp), %rdi
	mov %rcx, 0x08(%rdi)
	mov %rdx, 0x10(%rdi)
	mov %rbx, 0x18(%rdi)
	mov %rbp, 0x28(%rdi)
	mov %rsi, 0x30(%rdi)
	pop 0x38(%rdi)
	mov %r8,  0x40(%rdi)
	mov %r9,  0x48(%rdi)
	mov %r10, 0x50(%rdi)
	mov %r11, 0x58(%rdi)
	mov %r12, 0x60(%rdi)
	mov %r13, 0x68(%rdi)
	mov %r14, 0x70(%rdi)
	mov %r15, 0x78(%rdi)
	pop %rdi
	pop %rax
	vmload %rax
	cli
	stgi
	/* What the guest left in registers steers nothing that Tern guesses. */
	xor %ecx, %ecx
	xor %edx, %edx
	xor %esi, %esi
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

/* void svm_save_host(uint64_t host) */
	.global svm_save_host
	.hidden svm_save_host
svm_save_host:
	mov %rdi, %rax
	vmsave %rax
	ret
	.section .note.GNU-stack, "", @progbits
