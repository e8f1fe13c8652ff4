/* SPDX-License-Identifier: MIT */
/* trampoline.S: where an AP wakes up: real mode at the start of a page below 1 MiB, straight to long mode.
 * SDM Vol. 3, "Initializing IA-32e Mode". Copied there; every address is relative to the page. */
	.section .rodata
	.balign 16
	.global trampoline_start, trampoline_end, trampoline_data
	.hidden trampoline_start, trampoline_end, trampoline_data
	.code16
trampoline_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	movzwl %ax, %ebx
	shl $4, %ebx			/* the page's address */
	lidtl idt_null - trampoline_start
	lgdtl gdt_pointer - trampoline_start
	mov $0x620, %eax		/* CR4: PAE, OSFXSR, OSXMMEXCPT */
	mov %eax, %cr4
	mov trampoline_data - trampoline_start, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx		/* IA32_EFER: LME, NXE */
	rdmsr
	or $0x900, %eax
	wrmsr
	mov %cr0, %eax
	and $0x9fffffff, %eax		/* caches on */
	or $0x80010021, %eax		/* PG, WP, NE, PE */
	mov %eax, %cr0
	ljmpl *(far_pointer - trampoline_start)
	.code64
trampoline_long:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %ebx, %ebx
	mov trampoline_data - trampoline_start + 8(%rbx), %rsp
	mov trampoline_data - trampoline_start + 24(%rbx), %rdi
	xor %ebp, %ebp
	push %rbp
	jmp *trampoline_data - trampoline_start + 16(%rbx)
	.balign 8
gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_end:
	.global trampoline_gdt_pointer, trampoline_far_pointer, trampoline_gdt, trampoline_long
	.hidden trampoline_gdt_pointer, trampoline_far_pointer, trampoline_gdt, trampoline_long
	.set trampoline_gdt, gdt
trampoline_gdt_pointer:
gdt_pointer:
	.word gdt_end - gdt - 1
	.long 0				/* filled in: page + offset of gdt */
trampoline_far_pointer:
far_pointer:
	.long 0				/* filled in: page + offset of trampoline_long */
	.word 0x08
idt_null:
	.word 0
	.long 0
	.balign 8
trampoline_data:			/* cr3, stack, entry, argument */
	.quad 0, 0, 0, 0
trampoline_end:
	.section .note.GNU-stack, "", @progbits
