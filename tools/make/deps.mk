# Third-party parts: fetched and built by tools/deps, compiled for the target here.
# On a machine without a compiler nothing below can be read rightly: make installs the packages, then reads everything anew.
$(D)/packages.mk: tools/deps-packages.txt
	@tools/deps --packages-only $(D)
	@echo '# The packages of tools/deps-packages.txt were installed when this was written.' >$@

DEPS_STAMP := $(D)/.stamp
$(DEPS_STAMP): tools/deps tools/deps-packages.txt $(wildcard tools/depslib/*.py tools/patches/* tools/patches/*/*.patch)
	@tools/deps $(D)
	@touch $@

# What is compiled depends on how, too: on this file, which gets new content when the rules and flags do (the Makefile writes it).
RULES_STAMP := $(B)/rules.stamp
BUILT_BY    := $(DEPS_STAMP) $(RULES_STAMP)

.PHONY: deps
deps: $(DEPS_STAMP)

# Everyone who includes these headers sees the same configuration.
THIRD_DEFS := -DZYDIS_STATIC_BUILD -DZYCORE_STATIC_BUILD -DZYAN_NO_LIBC -DZYDIS_DISABLE_FORMATTER -DZYDIS_DISABLE_ENCODER
CINC     += $(THIRD_DEFS)
TARGET_C += $(THIRD_DEFS)

include tools/make/zstd.mk

# The instruction decoder runs on the exit path, so general registers only; the others are services'.
THIRD_ZYDIS := $(addprefix zydis/src/,Decoder DecoderData SharedData Register Mnemonic Utils Segment MetaInfo Zydis)
THIRD_OBJ   := $(patsubst %,$(B)/third/%.o,$(THIRD_ZYDIS) http-parser/http_parser lz4/lib/lz4) $(THIRD_ZSTD)
THIRD_LIB    = $(shell gcc -print-file-name=libexpat.a) $(D)/newlib/x86_64-elf/lib/libc.a $(shell gcc -print-libgcc-file-name)

THIRD_C = $(filter-out $(WARN),$(TARGET_C)) -w -DNDEBUG -fdata-sections
$(B)/third/zydis/%.o: EXTRA_C = $(GPR_ONLY) -I$(D)/src/zydis/src
$(B)/third/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(THIRD_C) $(EXTRA_C) -c $(D)/src/$*.c -o $@
