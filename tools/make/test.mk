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

# --- fuzz targets: the second line names what they are about (a row of host.mk) and then, as in unit tests, fakes ----
FUZZ_SECONDS ?= 10
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/fuzz/%)
# What guides the fuzzer is the code under test. The machine around it, the making of sentences and the looking for zeros in pages
# are most of the work of an input: traced, that takes several times as long and teaches nothing.
FUZZ_GUIDE := -fsanitize=fuzzer-no-link
FUZZ_BLIND := tests/% lib/crc32c.c lib/err.c lib/fmt.c lib/log.c lib/why.c migration/encode.c

$(FUZZ_BIN): $(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/%.o $$(call LINKED,fuzz,$$(call NAMED,fuzz,tests/fuzz/$$*.c))
	$(Q)$(fuzz_CC) -fsanitize=fuzzer $(GROUPED) -o $@

fuzz: $(FUZZ_BIN)
	$(Q)tools/make/run-fuzz $(FUZZ_SECONDS) $^

# Enough to notice what the stored inputs and their neighbours find.
fuzz-briefly:
	@$(MAKE) --no-print-directory -j$$(nproc) $(FUZZ_BIN)
	$(Q)tools/make/run-fuzz 3 $(FUZZ_BIN)
