# Third-party parts: fetched and built by tools/deps.
# On a machine without a compiler nothing below can be read rightly: make installs the packages, then reads everything anew.
$(D)/packages.mk: tools/deps-packages.txt
	@tools/deps --packages-only $(D)
	@echo '# The packages of tools/deps-packages.txt were installed when this was written.' >$@

DEPS_STAMP := $(D)/.stamp
$(DEPS_STAMP): tools/deps tools/deps-packages.txt $(wildcard tools/depslib/*.py tools/patches/* tools/patches/*/*.patch)
	@tools/deps $(D)
	@touch $@

# What is compiled depends on how, too: on this file, which gets new content when the rules and flags do (the Makefile writes it).
RULES_STAMP := $(B)/rules.stamp
BUILT_BY    := $(DEPS_STAMP) $(RULES_STAMP)
# And what is put together on which sources there are.
SOURCES_STAMP := $(B)/sources.stamp

.PHONY: deps
deps: $(DEPS_STAMP)
