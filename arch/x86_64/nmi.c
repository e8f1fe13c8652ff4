/* SPDX-License-Identifier: MIT */
/* nmi.c: a chipset that reports lost data by NMI stops the host; any other NMI (a button, a watchdog, a stray) is
 * counted and logged. */
#include "arch/x86_64/nmi.h"
#include <stdint.h>
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/io.h"
#include "lib/log.h"

#define VECTOR_NMI	2
#define NMI_SC		0x61	/* NMI status and control, of the chipset */
#define SERR		(1u << 7)
#define IOCHK		(1u << 6)
#define LINES_MAX	10u

static uint32_t came, told;

/* Nothing here may log: an NMI comes in the middle of anything. A panic need not return. */
static void on_nmi(struct intr_frame *frame)
{
	uint8_t reason = in8(NMI_SC);

	(void)frame;
	if (reason != 0xff && (reason & (SERR | IOCHK)))
		panic("NMI: the chipset reports %s (port 61h: %02x)",
		      reason & SERR ? "SERR#, an error on PCI or in memory" : "IOCHK#", reason);
	came++;
}

void nmi_init(void)
{
	intr_set_handler(VECTOR_NMI, on_nmi);
}

void nmi_after_exit(void)
{
	cpu_int_nmi();		/* its IRET unblocks NMIs */
	nmi_report();
}

void nmi_report(void)
{
	uint32_t now = came;

	if (now == told)
		return;
	if (told < LINES_MAX)
		log_warn("cpu", "%u NMIs of unknown reason so far%s", now,
			 now >= LINES_MAX ? "; further ones are only counted" : "");
	told = now;
}
