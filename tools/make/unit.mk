# Unit tests: each tests/unit/FOLDER/test_X.c becomes one Criterion program, built with ASan and UBSan and linked with
# that folder and what it stands on (host.mk). Its second line names what it puts in place of real code, if anything:
#   /* unit: fake_pages fake_vcpu */
UNIT_SRC := $(shell find tests/unit -name 'test_*.c' 2>/dev/null | LC_ALL=C sort)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)

UNIT_NAMES = $(firstword $(subst /, ,$1)) $(call NAMED,unit,tests/unit/$1.c)
$(UNIT_BIN): $(B)/unit/%: $(B)/unit/obj/tests/unit/%.o $$(call LINKED,unit,$$(call UNIT_NAMES,$$*))
	@mkdir -p $(@D)
	$(Q)$(unit_CC) $(call GROUPED,-lcriterion) $(filter -%,$(call UNIT_NAMES,$*)) -o $@

# make unit [T=folder/test_x]: builds and runs; the closing line counts tests.
.PHONY: unit unit-build unit-all
unit: $(if $(T),$(B)/unit/$(T),$(UNIT_BIN))
	$(Q)tools/make/run-unit $^

# All of them, also when one does not build: that one counts as failed, the others still run.
unit-build: $(UNIT_BIN)
unit-all:
	@bad=0; $(MAKE) -k --no-print-directory -j$$(nproc) unit-build || bad=1; tools/make/run-unit $(UNIT_BIN) || bad=1; exit $$bad
