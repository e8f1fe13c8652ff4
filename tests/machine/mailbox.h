/* SPDX-License-Identifier: MIT */
/* mailbox.h: a page of guest memory in which the host leaves an order; the guest halts when it is done. */
#pragma once
#include <stdint.h>

#define MAILBOX_GPA	0x80000ull
#define PAGE_WORDS	8u	/* the guest writes 0 to 6 of a page, the host 7 */
#define HOST_WORD	7u

/* Of ORDER_PAE: the pages of 2 MiB that its two page directories map. */
#define PAE_PAGE(first, n)	((first) + (1 + (n)) * (2ull << 20))

enum mailbox_order {
	ORDER_WRITE,	/* one word to each of @count pages from @first on, @stride bytes apart; @ticks it took */
	ORDER_READ,	/* the same, reading */
	ORDER_RANDOM,	/* a counter to any of @count pages from @first on, until @stop; @seed of the order */
	ORDER_NMI,	/* @count NMIs, each sent by the handler of the one before; GDTs in the pages from @first on. Each
			 * handler writes to @stride pages first. @writes came, @nested while another was handled */
	ORDER_PAE,	/* two writes by one address in PAE paging, a HLT between them; tables at @first, see PAE_PAGE. The bits of CR0 in
			 * @stride are set together with PG */
	ORDER_DEBUG,	/* @writes cases of #DB; bit n of @nested: case n was not as on a processor. Of the last such case: @count #DBs,
			 * the first with DR6 in @first, RIP in @stride, RFLAGS in @seed */
	ORDER_DEBUG_LOOP,	/* INT1 with a data breakpoint on the stack of #DB: no end */
	ORDER_MISALIGNED_LOOP,	/* #AC whose handler has the stack that raised it: no end */
};

struct mailbox {
	uint64_t order, first, stride, count, seed;
	uint64_t stop;
	uint64_t ticks, writes, nested;	/* the guest's answer */
	uint64_t done;			/* orders done */
};
