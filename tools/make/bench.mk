# The figures: make bench prints them and writes docs/results/.
$(B)/bench/measure: tools/bench/guest/measure.c $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(HOST_C) -static $< -o $@

.PHONY: bench
bench: image machine migbench $(B)/bench/measure
	$(Q)tools/deps --versions $(D) >$(B)/versions.md && mv $(B)/versions.md docs/results/versions.md
	$(Q)tools/migbench/figures --quick
	$(Q)tools/bench/run $(BENCH) $(FOLDERS)
