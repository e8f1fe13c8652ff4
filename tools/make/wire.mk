# wiretool: the real migration code over pipes, for the second implementation of the wire spec in tests/wire/.
WIRE_SRC := $(wildcard tests/wire/*.c) $(sort $(wildcard migration/*.c)) lib/blob.c lib/crc32c.c lib/err.c lib/fmt.c lib/ipv4.c lib/pages.c lib/state.c lib/why.c \
	    $(addprefix tests/fake/,fake_guest.c fake_log.c fake_store.c mig_pair.c mig_wire.c pipe.c)

$(B)/wiretool: $(WIRE_SRC) $(wildcard tests/wire/*.h migration/*.h lib/*.h tests/fake/*.h) $(B)/unit/bearssl.a $(B)/unit/libthird.a $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(UNIT_C) -O2 $(WIRE_SRC) $(B)/unit/bearssl.a $(B)/unit/libthird.a -o $@

$(B)/unit/migration/test_golden: $(wildcard tests/wire/*.h tests/golden/stream_v1.*)

.PHONY: wiretool test-wire
wiretool: $(B)/wiretool

# Records the real code, and compares its verdicts with the reader's; the closing line counts tests.
test-wire: $(B)/wiretool
	$(Q)tests/system/test_wire.sh $<
