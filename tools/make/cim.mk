# cimhost: the CIM server with the fake host behind loopback sockets, for tests with real clients.
CIMHOST_SRC := tools/cimhost/cimhost.c tests/fake/fake_manage.c tests/fake/fake_log.c $(filter-out cim/console.c,$(sort $(wildcard cim/*.c))) \
	       lib/err.c lib/fmt.c lib/ipv4.c lib/uuid.c lib/why.c migration/job.c
CIMHOST_C   := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -D_GNU_SOURCE \
	       -Itests/fake $(CINC) $(WARN)

$(B)/cimhost: $(CIMHOST_SRC) $(wildcard cim/*.h tests/fake/*.h lib/*.h migration/*.h) host/manage.h \
		$(B)/unit/libthird.a $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(CIMHOST_C) $(CIMHOST_SRC) $(B)/unit/libthird.a -o $@

.PHONY: cimhost test-cim
cimhost: $(B)/cimhost

# Drives cimhost with Debian's wbemcli and bare sockets; the closing line counts tests.
test-cim: $(B)/cimhost
	$(Q)tests/system/test_cim_wbemcli.sh $<
