/* SPDX-License-Identifier: MIT */
/* debug.S: #DB and #AC: what a debugger relies on, and the two whose delivery raises them again for ever. */
#define CODE64	0x10
#define DATA	0x18
#define CODE32	0x20
#define TSS	0x28
#define USER	3
#define CODE_U	(0x38 | USER)
#define DATA_U	(0x40 | USER)
#define EFER	0xc0000080
#define LME	0x100
#define NO_PG	0x7fffffff
#define AM	0x40000
#define RFLAGS_AC 0x40000
#define INT1	.byte 0xf1

	.text
	.code64
/* The handler of #DB: notes DR6, where it came from and DR7 in debug_log, clears DR6 as a debugger does, and resumes past a
 * breakpoint by RF. */
	.global debug_handler
debug_handler:
	push %rax
	push %rcx
	mov debug_count(%rip), %rcx
	cmp $64, %rcx
	jae 1f
	shl $5, %rcx
	lea debug_log(%rip), %rax
	add %rax, %rcx
	mov %dr6, %rax
	mov %rax, (%rcx)
	mov 16(%rsp), %rax
	mov %rax, 8(%rcx)
	mov %dr7, %rax
	mov %rax, 16(%rcx)
	mov 32(%rsp), %rax
	mov %rax, 24(%rcx)
1:	incq debug_count(%rip)
	mov $0xffff0ff0, %eax
	mov %rax, %dr6
	orq $0x10000, 32(%rsp)		/* RF: a code breakpoint would else come again */
	pop %rcx
	pop %rax
	iretq

/* void debug_enter(void): GDT, TSS and its IST 1. */
	.global debug_enter
debug_enter:
	lea gdt(%rip), %rax
	mov %rax, gdtr + 2(%rip)
	lea tss(%rip), %rax
	lea gdt + TSS(%rip), %rcx
	mov %ax, 2(%rcx)
	shr $16, %rax
	mov %al, 4(%rcx)
	mov %ah, 7(%rcx)
	movb $0x89, 5(%rcx)
	lgdt gdtr(%rip)
	mov $TSS, %eax
	ltr %ax
	ret

/* void debug_step(void): a single step over five instructions, of which CPUID exits; then INT1; the labels are looked at by
 * guest.c. */
	.global debug_step, debug_step_first, debug_step_cpuid, debug_step_end
debug_step:
	push %rbx
	pushfq
	orq $0x100, (%rsp)
	popfq
debug_step_first:			/* the first trap comes after this instruction */
	nop
	xor %eax, %eax
	xor %ecx, %ecx
debug_step_cpuid:
	cpuid
	nop
	pushfq
	andq $~0x100, (%rsp)
	popfq
debug_step_end:
	pop %rbx
	ret

	.global debug_int1, debug_int1_end
debug_int1:
	INT1
debug_int1_end:
	ret

/* void debug_watch(uint64_t *at): one write to it. */
	.global debug_watch, debug_watch_end
debug_watch:
	movq $1, (%rdi)
debug_watch_end:
	nop
	ret

/* A code breakpoint lies here; CPUID, so that what RF does to an instruction that exits is seen too. */
	.global debug_code
debug_code:
	push %rbx
	xor %eax, %eax
	xor %ecx, %ecx
	.global debug_code_at
debug_code_at:
	cpuid
	pop %rbx
	ret

/* MOV from DR7 under general detection. */
	.global debug_detect, debug_detect_at
debug_detect:
debug_detect_at:
	mov %dr7, %rax
	ret

/* A data breakpoint fires during MOV SS, and the trap waits for the instruction after it, which exits. */
	.global debug_mov_ss, debug_mov_ss_end
debug_mov_ss:
	push %rbx
	xor %eax, %eax
	xor %ecx, %ecx
	mov (%rdi), %ss
	cpuid
debug_mov_ss_end:
	pop %rbx
	ret

/* void debug_misaligned(void): #AC's handler runs on the stack that raised it. To user mode outside IA-32e mode, where no
 * delivery aligns the stack; it does not come back. */
	.global debug_misaligned
debug_misaligned:
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
	mov %cr0, %eax
	or $AM, %eax
	mov %eax, %cr0
	mov $misaligned, %eax
	mov %ax, idt32 + 17 * 8
	shr $16, %eax
	mov %ax, idt32 + 17 * 8 + 6
	movl $idt32, idtr32 + 2
	lidt idtr32
	push $DATA_U
	push $stack32_end - 64		/* aligned still */
	push $RFLAGS_AC | 2
	push $CODE_U
	push $2f
	iret
2:	mov $DATA_U, %eax
	mov %eax, %ds
	dec %esp			/* and no more; the next push raises #AC, whose delivery pushes */
	push %eax
	jmp .
misaligned:				/* gets here once somebody has cleared AC */
	incl debug_misaligned_count
	jmp .

	.data
	.balign 16
	.global debug_pushed
	.fill 504, 1, 0
debug_pushed:				/* what a delivery pushes first */
	.quad 0
debug_ist:
	.balign 8
	.global debug_count, debug_log, debug_misaligned_count
debug_count:	.quad 0
debug_misaligned_count: .quad 0
debug_log:	.fill 64 * 32, 1, 0
	.balign 8
gdt:	.quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
	.quad 0x0000000000000067, 0		/* TSS, filled in */
	.quad 0x00cffb000000ffff, 0x00cff3000000ffff
gdt_end:
gdtr:	.word gdt_end - gdt - 1
	.quad 0
tss:	.long 0
	.quad 0, 0, 0, 0
	.quad debug_ist
	.fill 104 - 44, 1, 0
idt32:	.fill 17, 8, 0
	.word 0, CODE_U, 0xee00, 0
idtr32:	.word 18 * 8 - 1
	.long 0, 0
	.fill 512, 1, 0
stack32_end:
	.section .note.GNU-stack, "", @progbits
