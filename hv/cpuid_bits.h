/* SPDX-License-Identifier: MIT */
/* cpuid_bits.h: every feature bit that a guest may see, as rows; a bit without a row does not exist for guests.
 * Names: SDM Vol. 2, "CPUID - CPU Identification". */
#pragma once

/* W(name, leaf, subleaf, register, text). The order is that of the policy's feature words and never changes;
 * new rows go to the end. */
#define CPUID_WORDS(W)						\
	W(CPUID_1_ECX,  0x1, 0, CPUID_ECX, "CPUID.01H:ECX")		\
	W(CPUID_1_EDX,  0x1, 0, CPUID_EDX, "CPUID.01H:EDX")		\
	W(CPUID_6_EAX,  0x6, 0, CPUID_EAX, "CPUID.06H:EAX")		\
	W(CPUID_7_EBX,  0x7, 0, CPUID_EBX, "CPUID.07H:EBX")		\
	W(CPUID_7_ECX,  0x7, 0, CPUID_ECX, "CPUID.07H:ECX")		\
	W(CPUID_7_EDX,  0x7, 0, CPUID_EDX, "CPUID.07H:EDX")		\
	W(CPUID_71_EAX, 0x7, 1, CPUID_EAX, "CPUID.07H.1:EAX")		\
	W(CPUID_D1_EAX, 0xd, 1, CPUID_EAX, "CPUID.0DH.1:EAX")		\
	W(CPUID_X1_ECX, 0x80000001, 0, CPUID_ECX, "CPUID.80000001H:ECX")	\
	W(CPUID_X1_EDX, 0x80000001, 0, CPUID_EDX, "CPUID.80000001H:EDX")	\
	W(CPUID_X7_EDX, 0x80000007, 0, CPUID_EDX, "CPUID.80000007H:EDX")

/* XCR0 components that an instruction's registers live in. */
#define CPUID_XCR0_NONE		0x00
#define CPUID_XCR0_AVX		0x06
#define CPUID_XCR0_AVX512	0xe6

/* B(word, bit, level, XCR0 components, name). Levels: FORCED Tern makes it itself; BASE, V2, V3 what the
 * baselines x86-64, -v2 and -v3 must have; HOST only the policy "host", if the host has it. */
#define CPUID_BITS(B)						\
	B(CPUID_1_ECX, 0,  V2,     NONE, "SSE3")			\
	B(CPUID_1_ECX, 1,  HOST,   NONE, "PCLMULQDQ")			\
	B(CPUID_1_ECX, 9,  V2,     NONE, "SSSE3")			\
	B(CPUID_1_ECX, 12, V3,     AVX,  "FMA")				\
	B(CPUID_1_ECX, 13, V2,     NONE, "CMPXCHG16B")			\
	B(CPUID_1_ECX, 17, HOST,   NONE, "PCID")			\
	B(CPUID_1_ECX, 19, V2,     NONE, "SSE4_1")			\
	B(CPUID_1_ECX, 20, V2,     NONE, "SSE4_2")			\
	B(CPUID_1_ECX, 22, V3,     NONE, "MOVBE")			\
	B(CPUID_1_ECX, 23, V2,     NONE, "POPCNT")			\
	B(CPUID_1_ECX, 24, FORCED, NONE, "TSC_Deadline")		\
	B(CPUID_1_ECX, 25, HOST,   NONE, "AESNI")			\
	B(CPUID_1_ECX, 26, V3,     NONE, "XSAVE")			\
	B(CPUID_1_ECX, 28, V3,     AVX,  "AVX")				\
	B(CPUID_1_ECX, 29, V3,     AVX,  "F16C")			\
	B(CPUID_1_ECX, 30, HOST,   NONE, "RDRAND")			\
	B(CPUID_1_ECX, 31, FORCED, NONE, "hypervisor")			\
	B(CPUID_1_EDX, 0,  BASE,   NONE, "FPU")				\
	B(CPUID_1_EDX, 1,  BASE,   NONE, "VME")				\
	B(CPUID_1_EDX, 2,  BASE,   NONE, "DE")				\
	B(CPUID_1_EDX, 3,  BASE,   NONE, "PSE")				\
	B(CPUID_1_EDX, 4,  BASE,   NONE, "TSC")				\
	B(CPUID_1_EDX, 5,  BASE,   NONE, "MSR")				\
	B(CPUID_1_EDX, 6,  BASE,   NONE, "PAE")				\
	B(CPUID_1_EDX, 8,  BASE,   NONE, "CX8")				\
	B(CPUID_1_EDX, 9,  FORCED, NONE, "APIC")			\
	B(CPUID_1_EDX, 11, BASE,   NONE, "SEP")				\
	B(CPUID_1_EDX, 13, BASE,   NONE, "PGE")				\
	B(CPUID_1_EDX, 15, BASE,   NONE, "CMOV")			\
	B(CPUID_1_EDX, 16, BASE,   NONE, "PAT")				\
	B(CPUID_1_EDX, 17, BASE,   NONE, "PSE-36")			\
	B(CPUID_1_EDX, 19, BASE,   NONE, "CLFSH")			\
	B(CPUID_1_EDX, 23, BASE,   NONE, "MMX")				\
	B(CPUID_1_EDX, 24, BASE,   NONE, "FXSR")			\
	B(CPUID_1_EDX, 25, BASE,   NONE, "SSE")				\
	B(CPUID_1_EDX, 26, BASE,   NONE, "SSE2")			\
	B(CPUID_6_EAX, 2,  FORCED, NONE, "ARAT")			\
	B(CPUID_7_EBX, 0,  HOST,   NONE, "FSGSBASE")			\
	B(CPUID_7_EBX, 1,  FORCED, NONE, "IA32_TSC_ADJUST")		\
	B(CPUID_7_EBX, 3,  V3,     NONE, "BMI1")			\
	B(CPUID_7_EBX, 5,  V3,     AVX,  "AVX2")			\
	B(CPUID_7_EBX, 7,  HOST,   NONE, "SMEP")			\
	B(CPUID_7_EBX, 8,  V3,     NONE, "BMI2")			\
	B(CPUID_7_EBX, 9,  HOST,   NONE, "ERMS")			\
	B(CPUID_7_EBX, 10, HOST,   NONE, "INVPCID")			\
	B(CPUID_7_EBX, 16, HOST, AVX512, "AVX512F")			\
	B(CPUID_7_EBX, 17, HOST, AVX512, "AVX512DQ")			\
	B(CPUID_7_EBX, 18, HOST,   NONE, "RDSEED")			\
	B(CPUID_7_EBX, 19, HOST,   NONE, "ADX")				\
	B(CPUID_7_EBX, 20, HOST,   NONE, "SMAP")			\
	B(CPUID_7_EBX, 21, HOST, AVX512, "AVX512_IFMA")			\
	B(CPUID_7_EBX, 23, HOST,   NONE, "CLFLUSHOPT")			\
	B(CPUID_7_EBX, 24, HOST,   NONE, "CLWB")			\
	B(CPUID_7_EBX, 28, HOST, AVX512, "AVX512CD")			\
	B(CPUID_7_EBX, 29, HOST,   NONE, "SHA")				\
	B(CPUID_7_EBX, 30, HOST, AVX512, "AVX512BW")			\
	B(CPUID_7_EBX, 31, HOST, AVX512, "AVX512VL")			\
	B(CPUID_7_ECX, 1,  HOST, AVX512, "AVX512_VBMI")			\
	B(CPUID_7_ECX, 2,  HOST,   NONE, "UMIP")			\
	B(CPUID_7_ECX, 6,  HOST, AVX512, "AVX512_VBMI2")		\
	B(CPUID_7_ECX, 8,  HOST,   NONE, "GFNI")			\
	B(CPUID_7_ECX, 9,  HOST,   AVX,  "VAES")			\
	B(CPUID_7_ECX, 10, HOST,   AVX,  "VPCLMULQDQ")			\
	B(CPUID_7_ECX, 11, HOST, AVX512, "AVX512_VNNI")			\
	B(CPUID_7_ECX, 12, HOST, AVX512, "AVX512_BITALG")		\
	B(CPUID_7_ECX, 14, HOST, AVX512, "AVX512_VPOPCNTDQ")		\
	B(CPUID_7_ECX, 22, HOST,   NONE, "RDPID")			\
	B(CPUID_7_ECX, 27, HOST,   NONE, "MOVDIRI")			\
	B(CPUID_7_ECX, 28, HOST,   NONE, "MOVDIR64B")			\
	B(CPUID_7_EDX, 4,  HOST,   NONE, "FSRM")			\
	B(CPUID_7_EDX, 8,  HOST, AVX512, "AVX512_VP2INTERSECT")		\
	B(CPUID_7_EDX, 10, HOST,   NONE, "MD_CLEAR")			\
	B(CPUID_7_EDX, 14, HOST,   NONE, "SERIALIZE")			\
	B(CPUID_71_EAX, 4, HOST,   AVX,  "AVX-VNNI")			\
	B(CPUID_71_EAX, 5, HOST, AVX512, "AVX512_BF16")			\
	B(CPUID_D1_EAX, 0, HOST,   NONE, "XSAVEOPT")			\
	B(CPUID_D1_EAX, 2, HOST,   NONE, "XGETBV_ECX1")			\
	B(CPUID_X1_ECX, 0, V2,     NONE, "LAHF-SAHF")			\
	B(CPUID_X1_ECX, 5, V3,     NONE, "LZCNT")			\
	B(CPUID_X1_ECX, 8, HOST,   NONE, "PREFETCHW")			\
	B(CPUID_X1_EDX, 11, BASE,  NONE, "SYSCALL")			\
	B(CPUID_X1_EDX, 20, BASE,  NONE, "Execute Disable")		\
	B(CPUID_X1_EDX, 26, HOST,  NONE, "1-GByte pages")		\
	B(CPUID_X1_EDX, 27, HOST,  NONE, "RDTSCP")			\
	B(CPUID_X1_EDX, 29, BASE,  NONE, "Intel 64")			\
	B(CPUID_X7_EDX, 8,  V2,    NONE, "Invariant TSC")

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

#define CPUID_WORD_ENUM(name, leaf, subleaf, reg, text) name,
enum cpuid_word { CPUID_WORDS(CPUID_WORD_ENUM) CPUID_WORD_COUNT };
#undef CPUID_WORD_ENUM
