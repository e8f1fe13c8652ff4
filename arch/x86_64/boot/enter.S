/* SPDX-License-Identifier: MIT */
/* enter.S: from the firmware's stack to Tern's own. */
	.section .bss
	.balign 4096
	.global boot_stack_guard
	.hidden boot_stack_guard
boot_stack_guard:			/* never mapped: cpu.c */
	.skip 4096
boot_stack:
	.skip 65536
boot_stack_top:

	.text
	.global boot_enter
	.hidden boot_enter
boot_enter:
	cli
	cld
	lea boot_stack_top(%rip), %rsp
	xor %ebp, %ebp
	push %rbp
	push %rbp
	call tern_main
1:	hlt
	jmp 1b
	.section .note.GNU-stack, "", @progbits
