/* SPDX-License-Identifier: MIT */
/* acpi_tables.c: a small builder of ACPI tables (ACPI 6.3, "ACPI Software Programming Model"). */
#include "hv/acpi/acpi_tables.h"
#include <stdbool.h>
#include <string.h>
#include "build/acpi/dsdt.hex"
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "lib/bytes.h"

#define HEADER		36u	/* bytes of a system description table header */
#define RSDP_BYTES	36u
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
	static uint8_t scratch[ACPI_MADT_BYTES + sizeof(dsdt_aml_code)];
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

/* --- what devices say ------------------------------------------------------------------------------- */

/* What no device owns. */
static void begin(struct acpi_parts *a, const struct machine *m, uint64_t facs, uint64_t dsdt)
{
	*a = (struct acpi_parts){ .machine = m, .madt_bytes = MADT_ENTRIES };
	le32_put(a->fadt + 36, (uint32_t)facs);
	le32_put(a->fadt + 40, (uint32_t)dsdt);
	a->fadt[45] = 4;			/* enterprise server */
	le16_put(a->fadt + 96, 0x0FFF);		/* no C2, no C3 */
	le16_put(a->fadt + 98, 0x0FFF);
	le16_put(a->fadt + FADT_BOOT_ARCH, BOOT_NO_VGA);	/* and no 8042 */
	le32_put(a->fadt + FADT_FLAGS, FADT_WBINVD | FADT_PROC_C1);
	a->fadt[131] = 3;			/* minor version */
	le64_put(a->fadt + 140, dsdt);		/* FACS has only its 32-bit address: giving both is not allowed */
	memcpy(a->fadt + 268, "TERN", 4);	/* hypervisor vendor */
}

static uint64_t put(struct build *b, uint8_t *table, const char *signature, size_t bytes, uint8_t revision)
{
	uint8_t *t = take(b, bytes);

	finish(table, signature, bytes, revision);
	memcpy(t, table, bytes);
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

uint64_t acpi_tables_build(uint8_t *out, size_t room, uint64_t gpa, const struct machine *m)
{
	static struct acpi_parts parts;		/* one VM is booted at a time */
	struct build b = { .out = out, .room = room, .gpa = gpa };
	uint8_t *rsdp = take(&b, RSDP_BYTES);
	uint64_t facs = build_facs(&b), dsdt = build_dsdt(&b), fadt, madt, xsdt;

	begin(&parts, m, facs, dsdt);
	for (const struct device *const *d = devices; *d; d++)
		if ((*d)->acpi)
			(*d)->acpi(&parts);
	if (parts.madt_bytes > sizeof(parts.madt))
		return 0;
	fadt = put(&b, parts.fadt, "FACP", sizeof(parts.fadt), 6);
	madt = put(&b, parts.madt, "APIC", parts.madt_bytes, 3);
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
