# What must hold. Each of these ends with the line "N passed, N failed".
RUN_PARTS := tools/make/run-parts

.PHONY: test test-long check rules fuzz
test:
	@$(RUN_PARTS) "$(MAKE)" build unit rules system

test-long:
	@$(RUN_PARTS) "$(MAKE)" build unit rules fuzz system-long

check:
	@$(RUN_PARTS) "$(MAKE)" unit rules

rules: $(DEPS_STAMP)
	$(Q)tools/make/run-rules

# --- fuzz targets: second line names the sources, as in unit tests ------------------------------------
FUZZ_SECONDS ?= 10
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)
# Clang, unlike GCC, minds unused inline functions outside headers, which the state tables' macros make.
FUZZ_C   := -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE -Itests/fake \
	    $(CINC) $(WARN) -Wno-unused-function

fuzz_sources = $(shell sed -n '2s,^/\* fuzz: \(.*\) \*/$$,\1,p' tests/fuzz/$(1).c)

.SECONDEXPANSION:
$(B)/fuzz/%: tests/fuzz/%.c $$(call fuzz_sources,$$*) $(DEPS_STAMP)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_C) $(filter %.c,$^) -o $@ $(shell sed -n '3s,^/\* libs: \(.*\) \*/$$,\1,p' $<)

fuzz: $(FUZZ_BIN)
	$(Q)tools/make/run-fuzz $(FUZZ_SECONDS) $^
