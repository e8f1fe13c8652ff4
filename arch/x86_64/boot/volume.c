/* SPDX-License-Identifier: MIT */
#include "volume.h"

#define PATH_MAX_CHARS 160

static EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;

EFI_FILE_HANDLE volume_open(EFI_SYSTEM_TABLE *st, EFI_HANDLE image, struct why *why)
{
	EFI_LOADED_IMAGE *loaded = NULL;
	EFI_FILE_IO_INTERFACE *fs = NULL;
	EFI_FILE_HANDLE root = NULL;
	EFI_STATUS status;

	status = st->BootServices->HandleProtocol(image, &loaded_image_guid, (void **)&loaded);
	if (!EFI_ERROR(status))
		status = st->BootServices->HandleProtocol(loaded->DeviceHandle, &file_system_guid, (void **)&fs);
	if (!EFI_ERROR(status))
		status = fs->OpenVolume(fs, &root);
	if (EFI_ERROR(status)) {
		why_set(why, "the boot volume can't be opened (EFI status %llx)", (unsigned long long)status);
		return NULL;
	}
	return root;
}

/* UEFI file names are UCS-2 with backslashes; tern.conf's are ASCII with either slash. */
static enum err path_to_ucs2(const char *path, CHAR16 out[PATH_MAX_CHARS])
{
	unsigned n = 0;

	if (*path != '/' && *path != '\\')
		out[n++] = '\\';
	for (; *path && n < PATH_MAX_CHARS - 1; path++) {
		if (*path & 0x80)
			return ERR_INVALID;
		out[n++] = *path == '/' ? '\\' : (CHAR16)*path;
	}
	out[n] = 0;
	return *path ? ERR_SPACE : ERR_OK;
}

static EFI_STATUS file_size(EFI_FILE_HANDLE file, uint64_t *bytes)
{
	static UINT8 buffer[sizeof(EFI_FILE_INFO) + 2 * PATH_MAX_CHARS];
	UINTN size = sizeof(buffer);
	EFI_STATUS status = file->GetInfo(file, &file_info_guid, &size, buffer);

	*bytes = EFI_ERROR(status) ? 0 : ((EFI_FILE_INFO *)buffer)->FileSize;
	return status;
}

enum err volume_read(EFI_SYSTEM_TABLE *st, EFI_FILE_HANDLE root, const char *path,
		     const void **data, uint64_t *bytes, struct why *why)
{
	CHAR16 name[PATH_MAX_CHARS];
	EFI_PHYSICAL_ADDRESS where = 0xffffffff;	/* below 4 GiB, as all of Tern's memory */
	EFI_FILE_HANDLE file;
	EFI_STATUS status;
	uint64_t size;
	UINTN got;

	*data = NULL;
	*bytes = 0;
	if (path_to_ucs2(path, name) != ERR_OK) {
		why_set(why, "%s: not a usable file name (ASCII, at most %u characters)", path, PATH_MAX_CHARS - 2);
		return ERR_INVALID;
	}
	status = root->Open(root, &file, name, EFI_FILE_MODE_READ, 0);
	if (EFI_ERROR(status)) {
		why_set(why, "%s: no such file on the boot volume (EFI status %llx)", path, (unsigned long long)status);
		return ERR_NOTFOUND;
	}
	status = file_size(file, &size);
	if (!EFI_ERROR(status))
		status = st->BootServices->AllocatePages(AllocateMaxAddress, EfiLoaderData,
							 (size + EFI_PAGE_SIZE) / EFI_PAGE_SIZE, &where);
	got = size;
	if (!EFI_ERROR(status))
		status = file->Read(file, &got, (void *)where);
	file->Close(file);
	if (EFI_ERROR(status) || got != size) {
		why_set(why, "%s: can't be read: %llu of %llu bytes (EFI status %llx)", path, (unsigned long long)got,
			(unsigned long long)size, (unsigned long long)status);
		return ERR_IO;
	}
	*data = (const void *)where;
	*bytes = size;
	return ERR_OK;
}
