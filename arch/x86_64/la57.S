/* SPDX-License-Identifier: MIT */
/* la57.S: from 5-level to 4-level paging, which a firmware may leave on. CR4.LA57 can't change in IA-32e mode (SDM
 * Vol. 3, "Paging"), so the way leads through compatibility mode and paging turned off: copied to a page below 1 MiB,
 * which is its own address then.
 * An NMI in between finds no IDT that fits; nothing can be done about that. */
	.section .rodata
	.balign 16
	.global la57_start, la57_end, la57_gdt, la57_gdt_pointer, la57_far_pointer, la57_long, la57_saved
	.hidden la57_start, la57_end, la57_gdt, la57_gdt_pointer, la57_far_pointer, la57_long, la57_saved
	.code64
/* void (uint32_t cr3, uint32_t page): page is where this code lies. Callers's CS is 8, SS 16. */
la57_start:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	sub $16, %rsp
	sgdt (%rsp)
	mov la57_saved(%rip), %rax
	mov %rsp, (%rax)
	mov %esi, %ebx
	lgdt la57_gdt_pointer(%rip)
	lea compatibility(%rip), %rax
	pushq $0x18
	push %rax
	lretq
	.code32
compatibility:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %cr0, %eax
	and $0x7fffffff, %eax		/* PG */
	mov %eax, %cr0
	mov %cr4, %eax
	and $0xffffefff, %eax		/* LA57 */
	mov %eax, %cr4
	mov %edi, %cr3
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0
	ljmpl *(la57_far_pointer - la57_start)(%ebx)
	.code64
la57_long:
	mov la57_saved(%rip), %rax
	mov (%rax), %rsp
	lgdt (%rsp)
	add $16, %rsp
	lea 1f(%rip), %rax
	pushq $8
	push %rax
	lretq
1:	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
	.balign 8
la57_gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
la57_gdt_pointer:
	.word la57_gdt_pointer - la57_gdt - 1
	.quad 0				/* filled in: page + offset of la57_gdt */
la57_far_pointer:
	.long 0				/* filled in: page + offset of la57_long */
	.word 0x08
	.balign 8
la57_saved:
	.quad 0				/* filled in: where RSP is kept, which compatibility mode cuts */
la57_end:
	.section .note.GNU-stack, "", @progbits
