# Third-party parts: fetched and built by tools/deps, compiled for the target here.
DEPS_STAMP := $(D)/.stamp
$(DEPS_STAMP): tools/deps tools/deps-packages.txt
	@tools/deps $(D)
	@touch $@

.PHONY: deps
deps: $(DEPS_STAMP)
