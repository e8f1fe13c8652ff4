/* SPDX-License-Identifier: MIT */
/* pae.S: two writes by one linear address in PAE paging; between them the PDPT in memory changes and CR3 is not loaded again, so
 * that the PDPTEs which the processor holds are the only true ones. */
#define CODE64	0x10
#define DATA	0x18
#define CODE32	0x20
#define EFER	0xc0000080
#define LME	0x100
#define NO_PG	0x7fffffff
#define PG	0x80000000
#define LINEAR	0x40000000	/* the PDPT's entry 1 */

	.text
	.code64
/* void pae_write_twice(uint64_t pdpt, uint64_t other, uint64_t cr0): halts after the first write, when entry 1 has become @other.
 * The bits @cr0 of CR0 are set by the write that turns paging on. */
	.global pae_write_twice
pae_write_twice:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsi, %rbp
	mov %rdx, %rbx
	lgdt gdtr(%rip)
	mov $DATA, %eax
	mov %eax, %ds
	mov %eax, %ss
	mov $CODE32, %eax
	push %rax
	lea 1f(%rip), %rax
	push %rax
	lretq
	.code32
1:	mov %cr0, %eax
	and $NO_PG, %eax
	mov %eax, %cr0
	mov $EFER, %ecx
	rdmsr
	and $~LME, %eax
	wrmsr
	mov %cr3, %esi
	mov %edi, %cr3
	mov %ebx, %ecx
	not %ecx
	mov %cr0, %eax
	and %ecx, %eax
	mov %eax, %cr0
	or %ebx, %eax
	or $PG, %eax
	mov %eax, %cr0
	movl $1, LINEAR
	mov %ebp, 8(%edi)
	hlt
	movl $2, LINEAR + 4
	mov %cr0, %eax
	and $NO_PG, %eax
	mov %eax, %cr0
	mov $EFER, %ecx
	rdmsr
	or $LME, %eax
	wrmsr
	mov %esi, %cr3
	mov %cr0, %eax
	or $PG, %eax
	mov %eax, %cr0
	ljmp $CODE64, $2f
	.code64
2:	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.data
	.balign 8
gdt:	.quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
gdtr:	.word gdtr - gdt - 1
	.quad gdt
	.section .note.GNU-stack, "", @progbits
