# What runs on the management station and in the demo guest: ternctl, the guest program, the demo.
HOST_C    := -std=gnu11 -O2 -g -D_GNU_SOURCE -I. $(WARN)
BUSYBOX   ?= /usr/bin/busybox

# --- the demo's guest ----------------------------------------------------------------------------------
GUEST_SRC := tools/demo/guest/writer.c tools/demo/guest/region.c

$(B)/demo/writer: $(GUEST_SRC) tools/demo/guest/region.h $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(HOST_C) -static $(GUEST_SRC) -o $@

$(B)/demo/initrd.gz: tools/demo/mkinitrd tools/demo/guest/init tools/demo/guest/shrc $(B)/demo/writer $(DEPS_STAMP)
	$(Q)tools/demo/mkinitrd $@ $(BUSYBOX) $(B)/demo/writer

# --- ternctl -------------------------------------------------------------------------------------------
CTL_SRC := $(sort $(wildcard tools/ternctl/*.c))
CTL_OBJ := $(CTL_SRC:%.c=$(B)/host/%.o)

$(B)/host/%.o: %.c $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(HOST_C) -MMD -MP -c $< -o $@

$(B)/ternctl: $(CTL_OBJ)
	$(Q)gcc $^ -o $@ -lcurl -lexpat

.PHONY: ternctl
ternctl: $(B)/ternctl

-include $(CTL_OBJ:.o=.d)

# --- the demo ------------------------------------------------------------------------------------------
# make demo [DEMO="--keep ..."]: everything is built, then two hosts start and the guest moves there and back.
.PHONY: demo demo-check
demo: image $(B)/ternctl $(B)/demo/initrd.gz
	$(Q)tools/demo/run $(DEMO)

# What decides about a demo, tried on recordings; and the guest's checksum against the second computation.
demo-check: $(B)/demo/writer
	$(Q)python3 tests/unit/demo/test_report.py
	$(Q)python3 tests/unit/demo/test_guest.py $(B)/demo/writer

# --- the small guest of the fault tests ----------------------------------------------------------------
SMALL_GUEST := tests/system/guest/start.S tests/system/guest/guest.c tools/demo/guest/region.c

$(B)/tests/guest: $(SMALL_GUEST) tests/system/guest/guest.ld tools/demo/guest/region.h $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu11 -O2 -I. $(WARN) -ffreestanding -fno-pic -no-pie -mgeneral-regs-only -mno-red-zone -fno-stack-protector \
		-fno-asynchronous-unwind-tables -fcf-protection=none -nostdlib -static -Wl,--build-id=none,--no-warn-rwx-segments,-T,tests/system/guest/guest.ld $(SMALL_GUEST) -o $@.elf
	$(Q)objcopy -O binary $@.elf $@

# --- the page on tern.conf, from the table of keys -----------------------------------------------------
.PHONY: manual
manual:
	$(Q)tools/manual/make >docs/tern.conf.md
