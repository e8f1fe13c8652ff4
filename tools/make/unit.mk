# Unit tests: each tests/unit/FOLDER/test_X.c names the sources it is linked with in its second line,
#   /* unit: lib/state.c lib/why.c tests/fake/fake_log.c */
# and becomes one Criterion program, built with ASan and UBSan; so is the third-party code (third.mk), which is linked where it is used.
UNIT_SRC := $(shell find tests/unit -name 'test_*.c' 2>/dev/null | LC_ALL=C sort)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
UNIT_C   := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	    -D_GNU_SOURCE -Itests/fake $(CINC) $(WARN)

# The sources that second line of test $1 names (a macro of its own: a colon can't stand in a rule), with what they bring.
UNIT_SEES = $(call WITH_BROUGHT,$(shell sed -n '2s,^/\* unit. \(.*\) \*/$$,\1,p' tests/unit/$1.c),$(B)/unit)

# What a source can't be linked without, so that no test has to name it: $2 is where BearSSL is built.
BLOB_USERS   := hv/vm_life.c tests/fake/fake_guest.c migration/source_images.c lib/blob.c
WITH_BROUGHT  = $(call WITH_BLOB,$(filter %.a,$1) $(wildcard $(filter %.c,$1)),$2)
WITH_BLOB     = $(sort $1 $(if $(filter $(BLOB_USERS),$1),lib/blob.c $2/bearssl.a))

.SECONDEXPANSION:
$(B)/unit/%: tests/unit/%.c $$(call UNIT_OBJ,tests/unit/$$*.c $$(call UNIT_SEES,$$*)) $(B)/unit/libthird.a
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_C) $(filter %.o,$^) $(filter %.a,$^) -o $@ -lcriterion -L$(B)/unit $(shell sed -n '3s,^/\* libs: \(.*\) \*/$$,\1,p' $<)

# A source is compiled once for all tests that name it, and kept.
UNIT_OBJ = $(patsubst %.c,$(B)/unit/obj/%.o,$(wildcard $(filter %.c,$1))) $(filter %.a,$1)
$(B)/unit/obj/%.o: %.c $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_C) $(UNIT_EXTRA) $(LWIP_INC) -MMD -MP -c $< -o $@
$(B)/unit/obj/host/manage_host.o: UNIT_EXTRA += -DTERN_VERSION='"$(TERN_VERSION)"'
.SECONDARY:
-include $(shell find $(B)/unit/obj -name '*.d' 2>/dev/null)

# make unit [T=folder/test_x]: builds and runs; the closing line counts tests.
.PHONY: unit unit-build unit-all
unit: $(if $(T),$(B)/unit/$(T),$(UNIT_BIN))
	$(Q)tools/make/run-unit $^

# All of them, also when one does not build: that one counts as failed, the others still run.
unit-build: $(UNIT_BIN)
unit-all:
	@bad=0; $(MAKE) -k --no-print-directory -j$$(nproc) unit-build || bad=1; tools/make/run-unit $(UNIT_BIN) || bad=1; exit $$bad
