# tern-migbench: the migration sources at the target's optimisation, between two processes of this machine.
MIGBENCH_SRC := $(sort $(wildcard tools/migbench/*.c)) $(sort $(wildcard migration/*.c)) lib/blob.c lib/crc32c.c lib/err.c lib/fmt.c \
		lib/ipv4.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_log.c
MIGBENCH_OBJ := $(MIGBENCH_SRC:%.c=$(B)/migbench/%.o) $(B)/migbench/lz4.o $(THIRD_ZSTD:$(B)/third/libzstd/lib/%.o=$(B)/migbench/zstd/%.o) \
		$(BEARSSL_SRC:%=$(B)/migbench/bearssl/%.o)
MIGBENCH_C   := -std=gnu11 -O2 -g -fno-strict-aliasing -D_GNU_SOURCE $(CINC)

$(B)/migbench/lz4.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(MIGBENCH_C) -w -c $(D)/src/lz4/lib/lz4.c -o $@

$(ZSTD_COLD:%=$(B)/migbench/zstd/%.o): ZSTD_O = -Os
$(B)/migbench/zstd/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(MIGBENCH_C) $(ZSTD_DEFS) $(ZSTD_O) -ffunction-sections -w -c $(D)/src/libzstd/lib/$*.c -o $@

$(B)/migbench/bearssl/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(MIGBENCH_C) $(BEARSSL_INC) -ffunction-sections -w -c $(D)/src/bearssl/src/$*.c -o $@

$(B)/migbench/%.o: %.c $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(MIGBENCH_C) $(WARN) -MMD -MP -c $< -o $@

$(B)/tern-migbench: $(MIGBENCH_OBJ)
	$(Q)gcc -Wl,--gc-sections $(addprefix -Xlinker ,$(ZSTD_LINK)) $^ -o $@

.PHONY: migbench
migbench: $(B)/tern-migbench

-include $(patsubst %.c,$(B)/migbench/%.d,$(MIGBENCH_SRC))
