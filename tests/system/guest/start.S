/* SPDX-License-Identifier: MIT */
/* start.S: a bzImage's header with no more than the 64-bit boot protocol asks for, its entry, and the timer's interrupt. */
	.section .header, "a"
	.org 0x1f1
	.byte 1				/* setup_sects */
	.word 0
	.long image_paragraphs		/* syssize */
	.org 0x1fe
	.word 0xaa55			/* boot_flag */
	.byte 0xeb, 0x6a		/* jump; its second byte says where the header ends */
	.ascii "HdrS"
	.word 0x020f			/* version */
	.org 0x211
	.byte 1				/* loadflags: LOADED_HIGH */
	.org 0x22c
	.long 0x7fffffff		/* initrd_addr_max */
	.long 0x200000			/* kernel_alignment */
	.org 0x236
	.word 1				/* xloadflags: XLF_KERNEL_64 */
	.long 255			/* cmdline_size */
	.org 0x258
	.quad image_start		/* pref_address */
	.long image_memory		/* init_size */
	.org 1024

	.section .entry, "ax"
	.org 0x200
	.globl start
start:
	lea	stack_top(%rip), %rsp
	mov	%rsi, %rdi		/* boot_params */
	xor	%ebp, %ebp
	call	guest_main
1:	hlt
	jmp	1b

	.globl on_timer
on_timer:
	push	%rax
	mov	$0xfee000b0, %eax	/* EOI */
	movl	$0, (%rax)
	pop	%rax
	iretq

	.section .bss
	.balign 16
	.skip 16384
stack_top:
	.section .note.GNU-stack, "", @progbits
