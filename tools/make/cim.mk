# cimhost: the CIM server with the fake host behind loopback sockets, for tests with real clients.
$(B)/cimhost: $(call LINKED,unit,cim fake_manage tools/cimhost/cimhost.c)
	$(Q)$(unit_CC) $(GROUPED) -o $@

.PHONY: cimhost test-cim
cimhost: $(B)/cimhost

# Drives cimhost with Debian's wbemcli and bare sockets; the closing line counts tests.
test-cim: $(B)/cimhost
	$(Q)tests/system/test_cim_wbemcli.sh $<
