# The hand-off's model: every property within its bounds, every mutation caught. The quick part runs in `make test`.
.PHONY: model model-quick
model: $(DEPS_STAMP)
	$(Q)tests/model/run

model-quick: $(DEPS_STAMP)
	$(Q)tests/model/run --quick
