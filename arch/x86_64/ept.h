/* SPDX-License-Identifier: MIT */
/* ept.h: extended page tables of one VM: 2 MiB leaves, split to 4 KiB ones while writes are tracked, and for good where the guest's
 * code runs on a CPU that can't have code in large ones.
 * Source: SDM Vol. 3, "The Extended Page-Table Mechanism (EPT)" and "Guidelines for Use of the INVEPT Instruction". */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/spin.h"
#include "lib/why.h"

#define EPT_R		(1ull << 0)
#define EPT_W		(1ull << 1)
#define EPT_X		(1ull << 2)
#define EPT_RWX		(EPT_R | EPT_W | EPT_X)
#define EPT_WB		(6ull << 3)		/* memory type of a leaf */
#define EPT_UC		(0ull << 3)
#define EPT_LARGE	(1ull << 7)
#define EPT_A		(1ull << 8)
#define EPT_D		(1ull << 9)
#define EPT_ADDRESS	0x000ffffffffff000ull
/* A bit that the CPU ignores, of an entry that points to leaves of 4 KiB: the guest executes what is there, so they are not merged to
 * one of 2 MiB. */
#define EPT_CODE	(1ull << 52)

struct ept {
	hpa_t root;
	bool ad;		/* accessed and dirty flags are on in the EPTP, for the life of the VM */
	uint64_t split_bytes;	/* chunks below have 4 KiB leaves, also new ones; 0 = not split */
	uint64_t clear;		/* bits that new leaves there don't get: EPT_W or EPT_D */
	bool small_code;	/* leaves of 2 MiB are not executable (ept_small_code) */
	uint64_t code_chunks;	/* split by a fetch */
	struct spin spin;	/* serializes changes of tables (not of bits in leaves) */
	void *reserve;		/* list of pages, each pointing to the next */
	uint64_t reserved;
	uint64_t kept;		/* of them: one for each chunk whose code may yet run, given back with the tables only */
};

/* Leaves of each size, pages that hold tables (the root too), and leaves with each of the bits. What a VM must find again when
 * its tracking ends is ept_same: accessed and dirty, which the CPU sets as it likes, don't count. */
struct ept_histogram {
	uint64_t l1g, l2m, l4k, tables;
	uint64_t r, w, x, accessed, dirty;
};

/* ERR_NOMEM. @ad: only where IA32_VMX_EPT_VPID_CAP has it. With it the CPU's reads of guest page tables count as
 * writes, so it is left off when the write-protect tracker is chosen. */
enum err ept_init(struct ept *ept, bool ad) NODISCARD;
/* Frees all tables. The mapped memory is the caller's. No CPU may hold the mapping (ept_flush first). */
void ept_fini(struct ept *ept);

/* The value for the VMCS field EPT_POINTER. */
uint64_t ept_eptp(const struct ept *ept);

/*
 * For a CPU on which code must not run from a large page: one whose page size changes under a fetch can stop the whole machine by a machine
 * check (CVE-2018-12207, "machine check error on page size change": IA32_ARCH_CAPABILITIES.IF_PSCHANGE_MC_NO is 0). From now on
 * leaves of 2 MiB are not executable. @bytes: size of the guest's memory, for each chunk of which a table is set aside now, so that
 * ept_fetch can't fail. Before anything is mapped. ERR_NOMEM: nothing was taken.
 */
enum err ept_small_code(struct ept *ept, uint64_t bytes, struct why *why) NODISCARD;
/* The guest's fetch of an instruction at @at caused an EPT violation. True: after ept_small_code, and what maps @at is executable now, in 4 KiB
 * leaves; enter the guest again. At most one such violation for each chunk between two ends of tracking. False: the fault is another. */
bool ept_fetch(struct ept *ept, gpa_t at);

/* Maps the 2 MiB at @host (both aligned) readable, writable, executable (but see above), WB: one leaf, or 512 where split.
 * ERR_EXISTS: something is mapped there already. ERR_NOMEM. Any CPU; needs no flush. */
enum err ept_map_chunk(struct ept *ept, gpa_t at, hpa_t host) NODISCARD;

/* What maps @at: *host gets the byte's address, *level 1 (4 KiB) or 2 (2 MiB), *entry the leaf. Each may be NULL. */
bool ept_lookup(const struct ept *ept, gpa_t at, hpa_t *host, unsigned *level, uint64_t *entry);
/* The 512 4 KiB leaves of the chunk with @at, NULL if it is not mapped by a table. Bits in leaves change under the
 * reader's hands: the CPU sets EPT_A and EPT_D at any time, so writers use atomic and/or. */
uint64_t *ept_leaves(const struct ept *ept, gpa_t at);

void ept_histogram(const struct ept *ept, struct ept_histogram *out);
bool ept_same(const struct ept_histogram *a, const struct ept_histogram *b);

/* Takes from the allocator what splitting all chunks below @bytes and merging them back will need: 4 KiB for each
 * chunk, mapped or not, so that a guest that touches new memory while it is tracked always gets its table.
 * ERR_NOMEM: nothing was taken. */
enum err ept_split_reserve(struct ept *ept, uint64_t bytes, struct why *why) NODISCARD;
/* Splits all 2 MiB leaves below @bytes and clears @clear (EPT_W or EPT_D) in all leaves there. From now on
 * new chunks come split and without @clear. Flushes: on return no CPU uses an older translation. Can't fail. */
void ept_split_all(struct ept *ept, uint64_t bytes, uint64_t clear);
/* Undoes it: every table that stands for a 2 MiB leaf becomes that leaf, but for those that ept_fetch made; leaves are writable again.
 * Flushes; gives tables and reserve back, as far as ept_small_code doesn't keep them. Allowed when not split. */
void ept_merge_all(struct ept *ept);

/*
 * INVEPT, single-context, on every CPU that may hold translations of @ept; on return each has done so, and every
 * VM-exit handler that was running on another CPU has ended. Needed after: a right taken away, an address, size or memory
 * type changed, A or D cleared. Not needed after a right is given or an empty entry is filled.
 * Defined in vmx/ (and by tests).
 */
void ept_flush(struct ept *ept);
