/* SPDX-License-Identifier: MIT */
/* trampoline.S: where an AP wakes up: real mode at the start of a page below 1 MiB, straight to long mode.
 * SDM Vol. 3, "Initializing IA-32e Mode". Copied there; every address is relative to the page. All APs may be in it at
 * once, and late ones at any time: it is never written while one can be, and each finds its own slot by its APIC id. */
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
	mov $0x660, %eax		/* CR4: PAE, MCE, OSFXSR, OSXMMEXCPT */
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
	mov $0x1b, %ecx			/* IA32_APIC_BASE */
	rdmsr
	bt $10, %eax
	jc 1f
	shl $32, %rdx			/* xAPIC: the ID register */
	or %rdx, %rax
	mov $0x000ffffffffff000, %rcx
	and %rcx, %rax
	mov 0x20(%rax), %eax
	shr $24, %eax
	jmp 2f
1:	mov $0x802, %ecx		/* IA32_X2APIC_APICID */
	rdmsr
2:	mov trampoline_data - trampoline_start + 8(%rbx), %rdi
	mov trampoline_data - trampoline_start + 24(%rbx), %ecx
3:	test %ecx, %ecx
	jz park
	cmp %eax, (%rdi)
	je 4f
	add $24, %rdi			/* struct smp_slot */
	dec %ecx
	jmp 3b
4:	xor %eax, %eax			/* SMP_WAITING, unless it was given up */
	mov $1, %edx			/* SMP_CLAIMED */
	lock cmpxchg %edx, 4(%rdi)
	jne park
	mov 8(%rdi), %rsp
	xor %ebp, %ebp
	push %rbp
	jmp *trampoline_data - trampoline_start + 16(%rbx)
park:					/* until the boot CPU's INIT */
	cli
	hlt
	jmp park
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
trampoline_data:			/* cr3, slots, entry, number of slots */
	.quad 0, 0, 0, 0
trampoline_end:
	.section .note.GNU-stack, "", @progbits
