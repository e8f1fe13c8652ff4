# The UEFI phase sees GNU-EFI's headers; everything sees the version.
TERN_VERSION := 0.1
TARGET_C += -DTERN_VERSION='"$(TERN_VERSION)"'
$(B)/obj/arch/x86_64/boot/%.o: EXTRA_C = $(GPR_ONLY) -fshort-wchar -DGNU_EFI_USE_MS_ABI -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
