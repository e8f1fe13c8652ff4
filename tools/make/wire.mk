# wiretool: the real migration code over pipes, for the second implementation of the wire spec in tests/wire/.
$(B)/wiretool: $(call LINKED,unit,migration $(wildcard tests/wire/*.c))
	$(Q)$(unit_CC) $(GROUPED) -o $@

.PHONY: wiretool test-wire
wiretool: $(B)/wiretool

# Records the real code, and compares its verdicts with the reader's; the closing line counts tests.
test-wire: $(B)/wiretool
	$(Q)tests/system/test_wire.sh $<
