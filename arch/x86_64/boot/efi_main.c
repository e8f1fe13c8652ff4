/* SPDX-License-Identifier: MIT */
/* efi_main.c: the UEFI program: reads tern.conf and the guests' files, then leaves the firmware. */
#include <efi.h>
#include <string.h>
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/serial.h"
#include "lib/calendar.h"
#include "lib/fmt.h"
#include "leave.h"
#include "processors.h"
#include "rng.h"
#include "volume.h"

#define CONFIG_PATH	"/tern/tern.conf"
#define HEAP_BYTES	(24ull << 20)

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st);

static struct boot_info boot;

static void say(EFI_SYSTEM_TABLE *st, const char *text)
{
	CHAR16 wide[200];
	unsigned n = 0;

	for (; *text && n < 197; text++)
		wide[n++] = (CHAR16)(unsigned char)*text;
	wide[n++] = '\r';
	wide[n++] = '\n';
	wide[n] = 0;
	if (st->ConOut)
		st->ConOut->OutputString(st->ConOut, wide);
}

static void read_file(EFI_SYSTEM_TABLE *st, EFI_FILE_HANDLE root, const char *path)
{
	struct boot_file *f;

	if (!*path)
		return;
	for (uint32_t i = 0; i < boot.files; i++)
		if (!strcmp(boot.file[i].path, path))
			return;
	if (boot.files == BOOT_FILES) {
		why_add(&boot.mistakes, "%s: more than %u files are named", path, BOOT_FILES);
		return;
	}
	f = &boot.file[boot.files++];
	fmt(f->path, sizeof(f->path), "%s", path);
	if (volume_read(st, root, path, &f->data, &f->bytes, &f->why) != ERR_OK)
		say(st, f->why.text);
}

static void read_config(EFI_SYSTEM_TABLE *st, EFI_HANDLE image)
{
	struct why why = { "" };
	EFI_FILE_HANDLE root = volume_open(st, image, &why);
	const void *text = NULL;
	uint64_t bytes = 0;
	enum err e = root ? volume_read(st, root, CONFIG_PATH, &text, &bytes, &why) : ERR_NOTFOUND;

	if (e != ERR_OK) {
		config_parse(&boot.config, CONFIG_PATH, e == ERR_NOTFOUND ? "" : NULL, 0, &boot.mistakes);
		why_add(&boot.mistakes, "%s", why.text);
		return;
	}
	config_parse(&boot.config, CONFIG_PATH, text ? text : "", bytes, &boot.mistakes);
	for (unsigned i = 0; i < boot.config.vms; i++) {
		read_file(st, root, boot.config.vm[i].kernel);
		read_file(st, root, boot.config.vm[i].initrd);
	}
}

static void read_clock(EFI_SYSTEM_TABLE *st)
{
	struct calendar c;
	EFI_TIME t;

	boot.wall_zone = BOOT_ZONE_NONE;
	if (EFI_ERROR(st->RuntimeServices->GetTime(&t, NULL)))
		return;
	c = (struct calendar){ t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second, 0 };
	if (!calendar_valid(&c))
		return;
	if (t.TimeZone >= -1440 && t.TimeZone <= 1440)
		boot.wall_zone = t.TimeZone;
	boot.wall_seconds = calendar_utc(&c, boot.wall_zone == BOOT_ZONE_NONE ? 0 : boot.wall_zone);
}

static void find_rsdp(EFI_SYSTEM_TABLE *st)
{
	static EFI_GUID acpi20 = ACPI_20_TABLE_GUID;

	for (UINTN i = 0; i < st->NumberOfTableEntries; i++)
		if (!memcmp(&st->ConfigurationTable[i].VendorGuid, &acpi20, sizeof(acpi20)))
			boot.rsdp = (uint64_t)st->ConfigurationTable[i].VendorTable;
}

static void list_processors(EFI_SYSTEM_TABLE *st)
{
	uint32_t all = processors_list(st, boot.apic_id, CPU_MAX);

	if (!all)
		all = acpi_processors(boot.rsdp, boot.apic_id, CPU_MAX);
	boot.processors = all < CPU_MAX ? all : CPU_MAX;
	boot.processors_more = all - boot.processors;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st)
{
	EFI_PHYSICAL_ADDRESS heap = 0xffffffff;
	struct why why;
	EFI_STATUS status;

	serial_init();
	say(st, "Tern is starting; its log goes to COM1 (115200 8N1).");
	st->BootServices->SetWatchdogTimer(0, 0, 0, NULL);
	read_config(st, image);
	read_clock(st);
	find_rsdp(st);
	list_processors(st);
	boot.seeded = rng_read(st, boot.seed, sizeof(boot.seed));
	if (EFI_ERROR(st->BootServices->AllocatePages(AllocateMaxAddress, EfiLoaderData, HEAP_BYTES / EFI_PAGE_SIZE,
						      &heap))) {
		say(st, "Tern needs 24 MiB of free memory for its services and did not get it.");
		return EFI_OUT_OF_RESOURCES;
	}
	boot.heap = heap;
	boot.heap_bytes = HEAP_BYTES;
	status = leave_firmware(st, image, &boot, &why);
	if (EFI_ERROR(status)) {
		say(st, why.text);
		return status;
	}
	boot_enter(&boot);
}
