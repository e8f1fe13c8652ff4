/* SPDX-License-Identifier: MIT */
/* entry.S: the setup header of a bzImage (Linux boot.rst) and the 64-bit entry. */
	.section .head, "a"
head:
	.org 0x1f1
	.byte 1			/* setup_sects */
	.org 0x1f4
	.long guest_paragraphs	/* syssize */
	.org 0x1fe
	.word 0xaa55
	.byte 0xeb, header_end - header
header:
	.ascii "HdrS"
	.word 0x020f		/* version of the protocol */
	.org 0x211
	.byte 1			/* loadflags: loaded high */
	.org 0x22c
	.long 0x7fffffff	/* initrd_addr_max */
	.long 0x200000		/* kernel_alignment */
	.org 0x236
	.word 1			/* xloadflags: a 64-bit entry */
	.long 255		/* cmdline_size */
	.org 0x258
	.quad 0x200000		/* pref_address */
	.long guest_bytes	/* init_size */
header_end:
	.org 0x400

	.section .entry, "ax"
	.org 0x200
	call guest_main
	.section .note.GNU-stack, "", @progbits
