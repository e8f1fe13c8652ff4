# tests/machine: Tern's objects with another main loop, and the guest that it runs.
MACHINE_SRC := $(sort $(wildcard tests/machine/*.c))
MACHINE_OBJ := $(MACHINE_SRC:%.c=$(B)/obj/%.o)
GUEST_C     := -std=gnu11 -O2 -ffreestanding -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -fno-stack-protector \
	       -fcf-protection=none -fno-asynchronous-unwind-tables -I. $(WARN)

-include $(MACHINE_OBJ:.o=.d)

$(B)/machine/guest.elf: tests/machine/guest/entry.S $(filter-out %/entry.S,$(wildcard tests/machine/guest/*.[Sc])) \
		$(wildcard tests/machine/guest/*.h) tests/machine/guest/guest.lds tests/machine/mailbox.h $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(GUEST_C) -nostdlib -static -no-pie -Wl,--build-id=none -T tests/machine/guest/guest.lds $(filter %.S %.c,$^) -o $@

$(B)/machine/guest.bin: $(B)/machine/guest.elf
	$(Q)objcopy -O binary $< $@

$(B)/machine/tern.so: $(B)/tern.so $(MACHINE_OBJ)
	@mkdir -p $(@D)
	$(Q)$(LINK) --wrap=services_run -o $@ $(EFI_LIB)/crt0-efi-x86_64.o $(OBJ) $(MACHINE_OBJ) $(LINK_REST)

$(B)/machine/BOOTX64.EFI: $(B)/machine/tern.so
	$(Q)$(TO_EFI) $< $@

.PHONY: machine
machine: $(B)/machine/BOOTX64.EFI $(B)/machine/guest.bin
