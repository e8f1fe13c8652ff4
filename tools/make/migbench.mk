# tern-migbench: the migration sources at the target's optimisation, between two processes of this machine.
$(B)/tern-migbench: $(call LINKED,bench,migration $(wildcard tools/migbench/*.c))
	$(Q)$(bench_CC) $(GROUPED) -Wl,--gc-sections -o $@

.PHONY: migbench
migbench: $(B)/tern-migbench
