/* SPDX-License-Identifier: MIT */
/* acpi_tables.c: a small builder of ACPI tables (ACPI 6.3, "ACPI Software Programming Model"). */
#include "hv/acpi/acpi_tables.h"
#include <stdbool.h>
#include <string.h>
#include "build/acpi/dsdt.hex"
#include "hv/machine.h"
#include "lib/bytes.h"

#define HEADER		36u	/* bytes of a system description table header */
#define RSDP_BYTES	36u
#define FADT_BYTES	276u
#define FACS_BYTES	64u

struct build {
	uint8_t *out;
	size_t room, used;
	uint64_t gpa;
	bool full;
};

/* Takes @bytes zeroed bytes, 64-byte aligned; without room everything goes to one scratch table. */
static uint8_t *take(struct build *b, size_t bytes)
{
	static uint8_t scratch[FADT_BYTES + sizeof(dsdt_aml_code)];
	size_t at = (b->used + 63) & ~(size_t)63;

	if (b->full || at > b->room || bytes > b->room - at) {
		b->full = true;
		return scratch;
	}
	b->used = at + bytes;
	return memset(b->out + at, 0, bytes);
}

static uint64_t gpa_of(const struct build *b, const uint8_t *table)
{
	return b->full ? 0 : b->gpa + (uint64_t)(table - b->out);
}

static void checksum(uint8_t *data, size_t bytes, size_t at)
{
	uint8_t sum = 0;

	data[at] = 0;
	for (size_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + data[i]);
	data[at] = (uint8_t)-sum;
}

/* Fills the header of a table whose body is complete. */
static void finish(uint8_t *table, const char *signature, size_t bytes, uint8_t revision)
{
	memcpy(table, signature, 4);
	le32_put(table + 4, (uint32_t)bytes);
	table[8] = revision;
	memcpy(table + 10, "TERN  ", 6);
	memcpy(table + 16, "TERNVM  ", 8);
	le32_put(table + 24, 1);
	memcpy(table + 28, "TERN", 4);
	le32_put(table + 32, 1);
	checksum(table, bytes, 9);
}

static uint64_t build_facs(struct build *b)
{
	uint8_t *t = take(b, FACS_BYTES);

	memcpy(t, "FACS", 4);
	le32_put(t + 4, FACS_BYTES);
	t[32] = 2;
	return gpa_of(b, t);
}

static uint64_t build_dsdt(struct build *b)
{
	uint8_t *t = take(b, sizeof(dsdt_aml_code));

	memcpy(t, dsdt_aml_code, sizeof(dsdt_aml_code));
	return gpa_of(b, t);
}

/* --- MADT ------------------------------------------------------------------------------------------- */

enum { MADT_FIXED = HEADER + 8, MADT_LAPIC = 8, MADT_IOAPIC = 12, MADT_OVERRIDE = 10, MADT_NMI = 6 };

static uint8_t *override(uint8_t *p, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	p[0] = 2;
	p[1] = MADT_OVERRIDE;
	p[3] = irq;
	le32_put(p + 4, gsi);
	le16_put(p + 8, flags);
	return p + MADT_OVERRIDE;
}

static uint64_t build_madt(struct build *b, unsigned vcpus)
{
	size_t bytes = MADT_FIXED + MADT_LAPIC * vcpus + MADT_IOAPIC + 2 * MADT_OVERRIDE + MADT_NMI;
	uint8_t *t = take(b, bytes), *p = t + MADT_FIXED;

	le32_put(t + HEADER, (uint32_t)LAPIC_GPA);
	le32_put(t + HEADER + 4, 1);		/* PCAT_COMPAT: there is a pair of 8259 too */
	for (unsigned i = 0; i < vcpus; i++, p += MADT_LAPIC) {
		p[1] = MADT_LAPIC;
		p[2] = (uint8_t)i;		/* processor UID */
		p[3] = (uint8_t)i;		/* APIC id */
		le32_put(p + 4, 1);		/* enabled */
	}
	p[0] = 1;
	p[1] = MADT_IOAPIC;
	le32_put(p + 4, (uint32_t)IOAPIC_GPA);
	p = override(p + MADT_IOAPIC, 0, GSI_PIT, 0);
	p = override(p, GSI_SCI, GSI_SCI, 0x000D);	/* level, active high */
	p[0] = 4;
	p[1] = MADT_NMI;
	p[2] = 0xFF;				/* LINT1 of every processor */
	p[5] = 1;
	finish(t, "APIC", bytes, 3);
	return gpa_of(b, t);
}

/* --- FADT ------------------------------------------------------------------------------------------- */

/* A generic address: an I/O port of @bits. */
static void put_port(uint8_t *p, uint8_t bits, uint16_t port)
{
	p[0] = 1;
	p[1] = bits;
	p[3] = bits == 8 ? 1 : bits == 16 ? 2 : 3;
	le64_put(p + 4, port);
}

enum fadt_flag { WBINVD = 1 << 0, PROC_C1 = 1 << 2, SLP_BUTTON = 1 << 5, FIX_RTC = 1 << 6, TMR_VAL_EXT = 1 << 8,
		 RESET_REG_SUP = 1 << 10 };
/* Legacy devices (a UART), no 8042, no VGA. */
enum { BOOT_LEGACY = 1 << 0, BOOT_NO_VGA = 1 << 2 };

static uint64_t build_fadt(struct build *b, uint64_t facs, uint64_t dsdt)
{
	uint8_t *t = take(b, FADT_BYTES);

	le32_put(t + 36, (uint32_t)facs);
	le32_put(t + 40, (uint32_t)dsdt);
	t[45] = 4;				/* enterprise server */
	le16_put(t + 46, GSI_SCI);
	le32_put(t + 56, PM_PORT);
	le32_put(t + 64, PM_PORT_CNT);
	le32_put(t + 76, PM_PORT_TMR);
	t[88] = 4;				/* bytes of PM1 event, PM1 control, PM timer */
	t[89] = 2;
	t[91] = 4;
	le16_put(t + 96, 0x0FFF);		/* no C2, no C3 */
	le16_put(t + 98, 0x0FFF);
	t[108] = RTC_CENTURY;
	le16_put(t + 109, BOOT_LEGACY | BOOT_NO_VGA);
	le32_put(t + 112, WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | TMR_VAL_EXT | RESET_REG_SUP);
	put_port(t + 116, 8, PCI_PORT_RESET);
	t[128] = PCI_RESET_VALUE;
	t[131] = 3;				/* minor version */
	le64_put(t + 140, dsdt);		/* FACS has only its 32-bit address: giving both is not allowed */
	put_port(t + 148, 32, PM_PORT);
	put_port(t + 172, 16, PM_PORT_CNT);
	put_port(t + 208, 32, PM_PORT_TMR);
	memcpy(t + 268, "TERN", 4);		/* hypervisor vendor */
	finish(t, "FACP", FADT_BYTES, 6);
	return gpa_of(b, t);
}

/* --- roots ------------------------------------------------------------------------------------------ */

static uint64_t build_xsdt(struct build *b, uint64_t fadt, uint64_t madt)
{
	uint8_t *t = take(b, HEADER + 16);

	le64_put(t + HEADER, fadt);
	le64_put(t + HEADER + 8, madt);
	finish(t, "XSDT", HEADER + 16, 1);
	return gpa_of(b, t);
}

uint64_t acpi_tables_build(uint8_t *out, size_t room, uint64_t gpa, unsigned vcpus)
{
	struct build b = { .out = out, .room = room, .gpa = gpa };
	uint64_t facs, dsdt, fadt, madt, xsdt;
	uint8_t *rsdp;

	if (vcpus > MACHINE_MAX_VCPUS)
		return 0;
	rsdp = take(&b, RSDP_BYTES);
	facs = build_facs(&b);
	dsdt = build_dsdt(&b);
	fadt = build_fadt(&b, facs, dsdt);
	madt = build_madt(&b, vcpus);
	xsdt = build_xsdt(&b, fadt, madt);
	if (b.full)
		return 0;
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "TERN  ", 6);
	rsdp[15] = 2;
	le32_put(rsdp + 20, RSDP_BYTES);
	le64_put(rsdp + 24, xsdt);
	checksum(rsdp, 20, 8);
	checksum(rsdp, RSDP_BYTES, 32);
	return gpa_of(&b, rsdp);
}
