# Tern's sources in programs of this machine: unit tests, fuzz targets, wiretool, cimhost, tern-migbench. A source is
# compiled once for each flavour, and each folder is an archive of all its sources, so that no program lists them.
FLAVOURS   := unit fuzz bench
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
HOST_FLAGS  = -std=gnu11 -g -D_GNU_SOURCE -DTERN_VERSION='"$(TERN_VERSION)"' \
	      -Itests/fake $(CINC) $(LWIP_INC) $(EFI_INC) $(WARN)
unit_CC    := gcc -O1 $(SANITIZERS)
fuzz_CC    := clang -O2 $(SANITIZERS)
# Clang minds GCC's own attributes, and unused inline functions outside headers, which the state tables' macros make.
fuzz_FLAGS  = -Wno-unused-function -Wno-unknown-attributes $(if $(filter $(FUZZ_BLIND),$<),,$(FUZZ_GUIDE))
# As on the target.
bench_CC   := gcc -O2 -fno-strict-aliasing -ffunction-sections

# What a program about X is linked with: folders, in the order in which the linker looks for what is missing.
WITH_lib       := lib
WITH_arch      := arch/x86_64 $(WITH_lib)
WITH_hv        := hv $(WITH_arch)
WITH_migration := migration $(WITH_lib)
WITH_net       := net $(WITH_arch)
WITH_config    := config $(WITH_lib)
WITH_host      := host config net migration $(WITH_hv)
WITH_cim       := cim migration $(WITH_lib)
WITH_init      := init cim $(WITH_host)
WITH_ternctl   := tools/ternctl
WITH_demo      := tools/demo/guest

# And with what it needs of tests/fake. In no archive, but in the program that names it: a fake of what a folder has,
# and a source for which tests/fake (the log, panic) or the C library of this machine stands everywhere else.
BY_NAME  := $(patsubst %,tests/fake/fake_%.c,acpi guest_mem host_cpuid machine manage mmu) \
	    $(patsubst %,tests/fake/fake_%.c,net net_mem pages random uefi_vars vcpu vmcs) \
	    lib/log.c arch/x86_64/panic.c init/libc.c init/glibc.c
ARCHIVED := $(FOLDERS) tests/fake $(WITH_ternctl) $(WITH_demo)
HOST_SRC := $(filter-out $(BY_NAME),$(sort $(shell find $(ARCHIVED) -name '*.c')))

# The words of the second line of program $2, /* $1: WORD... */: fakes, other sources by their path, and what the linker
# is told by its dash.
NAMED   = $(shell sed -n '2s,^/\* $1: \(.*\) \*/$$,\1,p' $2)
# What a program of flavour $1 is linked with: it is about the first word of $2, and names the others.
LINKED  = $(patsubst %.c,$(B)/$1/obj/%.o,$(foreach n,$(filter-out -%,$(wordlist 2,$(words $2),$2)), \
		$(if $(findstring /,$n),$n,tests/fake/$n.c))) \
	  $(patsubst %,$(B)/$1/%.a,$(WITH_$(firstword $2)) tests/fake third)
# The same on the command line, with library $1 before the archives.
GROUPED = $(filter %.o,$^) $1 -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

define FLAVOUR
$(B)/$1/obj/%.o: %.c $(BUILT_BY)
	@mkdir -p $$(@D)
	$(Q)$($1_CC) $$(HOST_FLAGS) $$($1_FLAGS) -MMD -MP -c $$< -o $$@

$(B)/$1/third/%.o: $(BUILT_BY)
	@mkdir -p $$(@D)
	$(Q)$($1_CC) $$(HOST_FLAGS) $$($1_FLAGS) $(HOST_THIRD_C) $$(PART_C) -MMD -MP -c $(D)/src/$$*.c -o $$@

$(B)/$1/third.a: $(HOST_THIRD:%=$(B)/$1/third/%.o)
$(foreach f,$(ARCHIVED),$(eval $(B)/$1/$f.a: $(patsubst %.c,$(B)/$1/obj/%.o,$(filter $f/%,$(HOST_SRC)))))
-include $(shell find $(B)/$1/obj $(B)/$1/third -name '*.d' 2>/dev/null)
endef
$(foreach f,$(FLAVOURS),$(eval $(call FLAVOUR,$f)))

# Thin: where the objects are, and which has what.
$(B)/%.a: $(SOURCES_STAMP)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcsT $@ $(filter %.o,$^)
.SECONDARY:
.SECONDEXPANSION:
