# lwIP from Debian's source under $(D)/src/lwip, with Tern's configuration in net/lwip.
LWIP_SRC := core/def core/inet_chksum core/init core/ip core/mem core/memp core/netif core/pbuf core/stats core/sys \
	    core/tcp core/tcp_in core/tcp_out core/timeouts core/udp core/ipv4/dhcp core/ipv4/etharp core/ipv4/icmp \
	    core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag netif/ethernet
LWIP_INC := -Inet/lwip -isystem $(D)/src/lwip/src/include
LWIP_CFG := net/lwip/lwipopts.h net/lwip/arch/cc.h net/lwip/mem.h

# Compiled by the rule for $(B)/third in deps.mk.
LWIP_OBJ := $(LWIP_SRC:%=$(B)/third/lwip/src/%.o)
$(LWIP_OBJ): EXTRA_C = $(LWIP_INC)
$(LWIP_OBJ): $(LWIP_CFG)

$(B)/obj/net/%.o: EXTRA_C = $(LWIP_INC)

# For unit tests, with the sanitizers; a test names it in its second line and links it in its third.
LWIP_UNIT_OBJ := $(LWIP_SRC:%=$(B)/unit/third/lwip/%.o)
$(LWIP_UNIT_OBJ): $(B)/unit/third/lwip/%.o: $(LWIP_CFG) $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(filter-out $(WARN),$(UNIT_C)) -w $(LWIP_INC) -c $(D)/src/lwip/src/$*.c -o $@

$(B)/unit/lwip.a: $(LWIP_UNIT_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

# For fuzz targets, instrumented like Tern's own sources.
LWIP_FUZZ_OBJ := $(LWIP_SRC:%=$(B)/fuzz/third/lwip/%.o)
$(LWIP_FUZZ_OBJ): $(B)/fuzz/third/lwip/%.o: $(LWIP_CFG) $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)clang $(filter-out $(WARN),$(FUZZ_C)) $(FUZZ_GUIDE) -w $(LWIP_INC) -c $(D)/src/lwip/src/$*.c -o $@

$(B)/fuzz/lwip.a: $(LWIP_FUZZ_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
