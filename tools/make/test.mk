# What must hold. Each of these ends with the line "N passed, N failed".
RUN_PARTS := tools/make/run-parts

.PHONY: test test-long check rules fuzz fuzz-briefly system-build
test:
	@$(RUN_PARTS) "$(MAKE)" build unit rules fuzz-briefly system

test-long:
	@$(RUN_PARTS) "$(MAKE)" build unit rules fuzz system-long

check:
	@$(RUN_PARTS) "$(MAKE)" unit rules

# All that system tests take: tests/system/run makes it first.
system-build: image machine cimhost wiretool $(B)/ternctl $(B)/tests/guest $(B)/demo/initrd.gz $(B)/demo/writer

rules: $(DEPS_STAMP)
	$(Q)tools/make/run-rules

# --- fuzz targets: second line names the sources, as in unit tests ------------------------------------
FUZZ_SECONDS ?= 10
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)
# Clang, unlike GCC, minds unused inline functions outside headers, which the state tables' macros make.
FUZZ_C   := -std=gnu11 -O2 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE \
	    -Itests/fake $(CINC) $(WARN) -Wno-unused-function
# What guides the fuzzer is the code under test. The machine around it, the making of sentences and the looking for zeros in pages
# are most of the work of an input: traced, that takes several times as long and teaches nothing.
FUZZ_GUIDE := -fsanitize=fuzzer-no-link
FUZZ_BLIND := tests/% lib/crc32c.c lib/err.c lib/fmt.c lib/log.c lib/why.c migration/encode.c

FUZZ_NAMES = $(shell sed -n '2s,^/\* fuzz. \(.*\) \*/$$,\1,p' tests/fuzz/$1.c)
FUZZ_SEES  = $(call WITH_BROUGHT,$(FUZZ_NAMES),$(B)/fuzz)
# Of a macro of its own: in a pattern rule's prerequisites make would put the target's name in place of a percent sign.
FUZZ_OBJ   = $(patsubst %.c,$(B)/fuzz/obj/%.o,$(FUZZ_SEES))

.SECONDEXPANSION:
$(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/%.o $$(call FUZZ_OBJ,$$*) $(B)/fuzz/libthird.a
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_C) -fsanitize=fuzzer $(filter %.o,$^) $(filter %.a,$^) -o $@ -L$(B)/fuzz $(shell sed -n '3s,^/\* libs: \(.*\) \*/$$,\1,p' tests/fuzz/$*.c)

# A source is compiled once for all targets that name it.
$(B)/fuzz/obj/%.o: %.c $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_C) $(if $(filter $(FUZZ_BLIND),$<),,$(FUZZ_GUIDE)) $(LWIP_INC) -MMD -MP -c $< -o $@
-include $(shell find $(B)/fuzz/obj -name '*.d' 2>/dev/null)

fuzz: $(FUZZ_BIN)
	$(Q)tools/make/run-fuzz $(FUZZ_SECONDS) $^

# Enough to notice what the stored inputs and their neighbours find.
fuzz-briefly:
	@$(MAKE) --no-print-directory -j$$(nproc) $(FUZZ_BIN)
	$(Q)tools/make/run-fuzz 3 $(FUZZ_BIN)
