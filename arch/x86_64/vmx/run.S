/* SPDX-License-Identifier: MIT */
/* run.S: the two instructions that enter a guest, and the way back. */
#define VMCS_HOST_RSP 0x6c14
#define SPEC_CTRL 0x48
#define IBRS 1
/* Bits of mitigate_mask, as enum mitigation has them. */
#define IBRS_AT_EXIT 4
#define RSB 8
#define VMCS_HOST_RIP 0x6c16

	.text
/* uint32_t vmx_enter(uint64_t gpr[16], bool launched)
 * 0 after a VM exit; 1 VMfailInvalid, 2 VMfailValid. Interrupts are off throughout. */
	.global vmx_enter
	.hidden vmx_enter
vmx_enter:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	mov $VMCS_HOST_RSP, %eax
	vmwrite %rsp, %rax
	test %sil, %sil
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
	mov 0x00(%rdi), %rax
	mov 0x38(%rdi), %rdi
	jnz 1f
	vmlaunch
	jmp 2f
1:	vmresume
2:	/* not entered: CF or ZF says why */
	mov $1, %eax
	mov $2, %ecx
	cmovz %ecx, %eax
	pop %rdi
	jmp 3f

	.global vmx_exit_point
	.hidden vmx_exit_point
vmx_exit_point:
	push %rdi
	mov 8(%rsp), %rdi
	mov %rax, 0x00(%rdi)
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
	testb $(IBRS_AT_EXIT | RSB), mitigate_mask(%rip)
	jnz 4f
5:	pop %rdi
	/* What the guest left in registers steers nothing that Tern guesses; those that are popped below are Tern's,
	 * and RCX, RDX and RSI are what vmx_decode's first steps overwrite. */
	xor %eax, %eax
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
3:	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

4:	/* The first RET or indirect call of ours is after this: 32 returns that lead nowhere, then IBRS anew. */
	mov $16, %ecx
6:	call 7f
	int3
7:	call 8f
	int3
8:	dec %ecx
	jnz 6b
	add $(32 * 8), %rsp
	lfence
	testb $IBRS_AT_EXIT, mitigate_mask(%rip)
	jz 5b
	mov $SPEC_CTRL, %ecx
	mov $IBRS, %eax
	xor %edx, %edx
	wrmsr
	jmp 5b
	.section .note.GNU-stack, "", @progbits
