/* SPDX-License-Identifier: MIT */
/* gpt.h: guest page tables of one VM, what maps its memory: 2 MiB leaves, split to 4 KiB ones while writes are tracked,
 * and for good where the guest's code runs on a CPU that can't have code in large ones. The tables are alike in all
 * families of processors, but for some bits of their entries. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/spin.h"
#include "lib/why.h"

/* Bits of an entry in every format. */
#define GPT_R		(1ull << 0)
#define GPT_W		(1ull << 1)
#define GPT_TABLE	7ull			/* of one that points to a table: all is allowed that the leaf allows */
#define GPT_LARGE	(1ull << 7)
#define GPT_ADDRESS	0x000ffffffffff000ull
/* A bit that the CPU ignores, of an entry that points to leaves of 4 KiB: the guest executes what is there, so they are
 * not merged to one of 2 MiB. */
#define GPT_CODE	(1ull << 52)

/* The others: the format that a family's processors walk. */
struct gpt_format {
	uint64_t leaf;			/* of a leaf that may be read and written, write-back */
	uint64_t execute, no_execute;	/* of those that are executable, and of those that are not */
	uint64_t accessed, dirty;
};

struct gpt {
	const struct gpt_format *format;
	hpa_t root;
	bool ad;		/* the CPU sets accessed and dirty flags, for the life of the VM */
	uint64_t split_bytes;	/* chunks below have 4 KiB leaves, also new ones; 0 = not split */
	uint64_t clear;		/* bits that new leaves there don't get: GPT_W or the format's dirty */
	bool small_code;	/* leaves of 2 MiB are not executable (gpt_small_code) */
	uint64_t code_chunks;	/* split by a fetch */
	struct spin spin;	/* serializes changes of tables (not of bits in leaves) */
	void *reserve;		/* list of pages, each pointing to the next */
	uint64_t reserved;
	uint64_t kept;		/* of them: one for each chunk whose code may yet run, given back with the tables */
};

/* Leaves of each size, pages that hold tables (the root too), and leaves with each of the bits. What a VM must find
 * again when its tracking ends is gpt_same: accessed and dirty, which the CPU sets as it likes, don't count. */
struct gpt_histogram {
	uint64_t l1g, l2m, l4k, tables;
	uint64_t r, w, x, accessed, dirty;
};

/* ERR_NOMEM. @ad: only where the CPU has it (virt_has_ad). With it the CPU's reads of guest page tables count as
 * writes, so it is left off when the write-protect tracker is chosen. */
enum err gpt_init(struct gpt *gpt, const struct gpt_format *format, bool ad) NODISCARD;
/* Frees all tables. The mapped memory is the caller's. No CPU may hold the mapping (gpt_flush first). */
void gpt_fini(struct gpt *gpt);

/*
 * For a CPU on which code must not run from a large page: one whose page size changes under a fetch can stop the whole
 * machine by a machine check (CVE-2018-12207, "machine check error on page size change":
 * IA32_ARCH_CAPABILITIES.IF_PSCHANGE_MC_NO is 0). From now on leaves of 2 MiB are not executable. @bytes: size of the
 * guest's memory, for each chunk of which a table is set aside now, so that gpt_fetch can't fail. Before anything is
 * mapped. ERR_NOMEM: nothing was taken.
 */
enum err gpt_small_code(struct gpt *gpt, uint64_t bytes, struct why *why) NODISCARD;
/* The guest could not fetch an instruction at @at. True: after gpt_small_code, and what maps @at is executable now, in
 * 4 KiB leaves; enter the guest again. At most one such exit for each chunk between two ends of tracking. False: the
 * cause is another. */
bool gpt_fetch(struct gpt *gpt, gpa_t at);

/* Maps the 2 MiB at @host (both aligned) readable, writable, executable (but see above), WB: one leaf, or 512 where
 * split. ERR_EXISTS: something is mapped there already. ERR_NOMEM. Any CPU; needs no flush. */
enum err gpt_map_chunk(struct gpt *gpt, gpa_t at, hpa_t host) NODISCARD;

/* What maps @at: *host gets the byte's address, *level 1 (4 KiB) or 2 (2 MiB), *entry the leaf. Each may be NULL. */
bool gpt_lookup(const struct gpt *gpt, gpa_t at, hpa_t *host, unsigned *level, uint64_t *entry);
/* The 512 4 KiB leaves of the chunk with @at, NULL if it is not mapped by a table. Bits in leaves change under the
 * reader's hands: the CPU sets accessed and dirty at any time, so writers use atomic and/or. */
uint64_t *gpt_leaves(const struct gpt *gpt, gpa_t at);

void gpt_histogram(const struct gpt *gpt, struct gpt_histogram *out);
bool gpt_same(const struct gpt_histogram *a, const struct gpt_histogram *b);

/* Takes from the allocator what splitting all chunks below @bytes and merging them back will need: 4 KiB for each
 * chunk, mapped or not, so that a guest that touches new memory while it is tracked always gets its table.
 * ERR_NOMEM: nothing was taken. */
enum err gpt_split_reserve(struct gpt *gpt, uint64_t bytes, struct why *why) NODISCARD;
/* Splits all 2 MiB leaves below @bytes and clears @clear (GPT_W or dirty) in all leaves there. From now on
 * new chunks come split and without @clear. Flushes: on return no CPU uses an older translation. Can't fail. */
void gpt_split_all(struct gpt *gpt, uint64_t bytes, uint64_t clear);
/* Undoes it: every table that stands for a 2 MiB leaf becomes that leaf, but for those that gpt_fetch made; leaves are
 * writable again. Flushes; gives tables and reserve back, as far as gpt_small_code doesn't keep them. Allowed when not
 * split. */
void gpt_merge_all(struct gpt *gpt);

/*
 * Drops what every CPU may hold of translations by @gpt; on return each has done so, and every VM-exit handler that was
 * running on another CPU has ended. Needed after: a right taken away, an address, size or memory type changed, accessed
 * or dirty cleared. Not needed after a right is given or an empty entry is filled. Defined in vmx/ (and by tests).
 */
void gpt_flush(struct gpt *gpt);
