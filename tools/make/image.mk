# The EFI program and the bootable image.
EFI_LIB := /usr/lib
EFI_INC := -isystem /usr/include/efi -isystem /usr/include/efi/x86_64 -DGNU_EFI_USE_MS_ABI
LDS     := arch/x86_64/boot/tern.lds

# Only this folder calls the firmware.
$(B)/obj/arch/x86_64/boot/%.o: EXTRA_C = $(GPR_ONLY) $(EFI_INC)

LINK    := ld -pie --no-dynamic-linker -z nocombreloc -z noexecstack -Bsymbolic --gc-sections --hash-style=sysv \
	   --defsym ImageBase=image_start $(ZSTD_LINK) -T $(LDS)
LINK_REST = $(THIRD_OBJ) --start-group $(THIRD_LIB) $(EFI_LIB)/libefi.a $(EFI_LIB)/libgnuefi.a --end-group
TO_EFI  := objcopy -j .text -j .reloc -j .rodata -j .dynamic -j '.rela*' -j .dynsym -j .dynstr -j .data -j .bss \
	   --strip-all --target=efi-app-x86_64 --subsystem=10

$(B)/tern.so: $(OBJ) $(THIRD_OBJ) $(LDS) $(BUILT_BY) $(SOURCES_STAMP)
	@mkdir -p $(@D)
	$(Q)$(LINK) -Map=$(B)/tern.map -o $@ $(EFI_LIB)/crt0-efi-x86_64.o $(OBJ) $(LINK_REST)

$(B)/BOOTX64.EFI: $(B)/tern.so
	$(Q)$(TO_EFI) $< $@

# The sample configuration takes DHCP and runs no guest; tools/image/mkimage makes images with others.
$(B)/tern.img: $(B)/BOOTX64.EFI tools/image/mkimage tools/image/tern.conf
	$(Q)tools/image/mkimage -o $@ -e $< -c tools/image/tern.conf

.PHONY: image size
image: $(B)/tern.img
	$(Q)tools/image/size $(B)/BOOTX64.EFI $(B)/tern.so $(B)/tern.img
size: image
	$(Q)tools/image/lines $(FOLDERS)
