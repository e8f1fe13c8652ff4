# Tern's one Makefile. `make demo` and `make test` do everything; see README.md.
# A recipe fails with the first command of it that fails, in a pipe too.
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := image
# No rule but those below: one of make's own would make whatever ends in nothing from the same with .o.
MAKEFLAGS += --no-builtin-rules

B := build
D := $(B)/deps
Q ?= @

ifneq ($(MAKECMDGOALS),clean)
include $(D)/packages.mk
endif

# --- what the target is made of -------------------------------------------------------------------
FOLDERS  := lib config arch/x86_64 hv net migration host cim init
SRC_C    := $(shell find $(FOLDERS) -name '*.c' | LC_ALL=C sort)
SRC_S    := $(shell find $(FOLDERS) -name '*.S' | LC_ALL=C sort)
OBJ      := $(SRC_C:%.c=$(B)/obj/%.o) $(SRC_S:%.S=$(B)/obj/%.S.o)

WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
CINC     := -I. -isystem $(D)/include
# Code that may run on the exit path never touches extended registers (docs/design.md, section 1).
GPR_ONLY := -mgeneral-regs-only
# A variable of the image, not the ABI's thread block, which only the boot CPU has: arch/x86_64/stack_guard.c.
STACK_GUARD := -fstack-protector-strong -mstack-protector-guard=global
TARGET_C := -std=gnu11 -O2 -g -fPIE -fvisibility=hidden -mno-red-zone $(STACK_GUARD) -fno-strict-aliasing \
	    -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -ffunction-sections \
	    -nostdinc -isystem $(D)/newlib/x86_64-elf/include -isystem $(shell gcc -print-file-name=include) \
	    $(CINC) $(WARN)

include tools/make/deps.mk
include tools/make/boot.mk
include tools/make/third.mk tools/make/host.mk
include tools/make/acpi.mk tools/make/image.mk tools/make/machine.mk
include tools/make/unit.mk tools/make/test.mk tools/make/cim.mk tools/make/wire.mk tools/make/migbench.mk
include tools/make/tools.mk tools/make/bench.mk tools/make/model.mk

# Writes text $2 to file $1 unless it is there: what depends on the file is made again when the text is another.
STAMP = $(shell mkdir -p $(B); now='$(subst ','\'',$2)'; [ "$$now" = "$$(cat $1 2>/dev/null)" ] || echo "$$now" >$1)
# The makefiles' text, for what only a target's own recipe or variable says; flags, for what the command line does.
FLAGS := $(foreach v,TARGET_C THIRD_C HOST_FLAGS $(FLAVOURS:%=%_CC) fuzz_FLAGS GPR_ONLY HOST_C GUEST_C LINK TO_EFI, \
		$($v))
$(call STAMP,$(RULES_STAMP),$(shell cat Makefile tools/make/*.mk | cksum) $(FLAGS))
$(call STAMP,$(SOURCES_STAMP),$(sort $(SRC_C) $(SRC_S) $(HOST_SRC)))
$(RULES_STAMP) $(SOURCES_STAMP): ;

# Nor do interrupt handlers: a guest's registers are live then.
$(B)/obj/lib/%.o $(B)/obj/arch/%.o $(B)/obj/hv/%.o $(B)/obj/net/nic/%.o: EXTRA_C = $(GPR_ONLY)
$(B)/obj/net/%.o: EXTRA_C = $(LWIP_INC)

$(B)/obj/%.o: %.c $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(TARGET_C) $(EXTRA_C) -MMD -MP -c $< -o $@

$(B)/obj/%.S.o: %.S $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(TARGET_C) -MMD -MP -c $< -o $@

-include $(OBJ:.o=.d)

.PHONY: clean
clean:
	rm -rf $(B)
