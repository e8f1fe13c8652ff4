# Third-party code: what of tools/deps' sources is linked, and how it is compiled. Names start at $(D)/src.
include tools/make/zstd.mk

# Everyone who includes these headers sees the same configuration.
THIRD_DEFS := -DZYDIS_STATIC_BUILD -DZYCORE_STATIC_BUILD -DZYAN_NO_LIBC -DZYDIS_DISABLE_FORMATTER \
	      -DZYDIS_DISABLE_ENCODER
CINC     += $(THIRD_DEFS)
TARGET_C += $(THIRD_DEFS)

# lwIP with the configuration of net/lwip.
THIRD_LWIP := $(addprefix lwip/src/, \
	      core/def core/inet_chksum core/init core/ip core/mem core/memp core/netif core/pbuf core/stats core/sys \
	      core/tcp core/tcp_in core/tcp_out core/timeouts core/udp core/ipv4/dhcp core/ipv4/etharp core/ipv4/icmp \
	      core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag netif/ethernet)
# SHA-256, HMAC and the generator over them.
THIRD_BEARSSL := $(addprefix bearssl/src/, \
		 rand/hmac_drbg mac/hmac hash/sha2small hash/dig_size codec/enc32be codec/dec32be)
THIRD_ZYDIS   := $(addprefix zydis/src/,Decoder DecoderData SharedData Register Mnemonic Utils Segment MetaInfo Zydis)
THIRD_SRC     := $(THIRD_LWIP) $(THIRD_BEARSSL) $(THIRD_ZYDIS) http-parser/http_parser lz4/lib/lz4 $(THIRD_ZSTD)

# What each part is compiled with, wherever it runs.
LWIP_INC     := -Inet/lwip -isystem $(D)/src/lwip/src/include
PART_lwip    := $(LWIP_INC)
PART_bearssl := -isystem $(D)/src/bearssl/inc -I$(D)/src/bearssl/src
PART_zydis   := -I$(D)/src/zydis/src
PART_expat   := -DHAVE_EXPAT_CONFIG_H
PART_libzstd  = $(ZSTD_DEFS) $(if $(filter $(ZSTD_COLD),$*),-Os)
PART_C        = -w $(PART_$(firstword $(subst /, ,$*)))

# --- on the target ------------------------------------------------------------------------------------
THIRD_OBJ := $(THIRD_SRC:%=$(B)/third/%.o)
THIRD_LIB  = $(shell gcc -print-file-name=libexpat.a) $(D)/newlib/x86_64-elf/lib/libc.a \
	     $(shell gcc -print-libgcc-file-name)

# The instruction decoder runs on the exit path, so general registers only; the others are services'.
THIRD_C = $(filter-out $(WARN),$(TARGET_C)) -DNDEBUG -fdata-sections
$(B)/third/zydis/%.o: EXTRA_C = $(GPR_ONLY)
$(B)/third/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(THIRD_C) $(PART_C) $(EXTRA_C) -MMD -MP -c $(D)/src/$*.c -o $@

-include $(shell find $(B)/third -name '*.d' 2>/dev/null)

# --- on this machine (host.mk) --------------------------------------------------------------------------
# With the sanitizers in tests, so that a wrong access in it, or one that Tern's code has it make, is seen. All of zstd:
# the linker of the target leaves out the rest (zstd.mk). And expat, which the target has from Debian.
HOST_THIRD := $(sort $(THIRD_SRC) $(addprefix expat/expat/lib/,xmlparse xmlrole xmltok) $(addprefix libzstd/lib/, \
	      common/pool common/threading compress/zstdmt_compress compress/zstd_opt \
	      compress/zstd_compress_superblock compress/zstd_double_fast compress/zstd_lazy))
# Both compressors compute addresses outside of their buffers, on purpose, and don't use them.
HOST_THIRD_C := -fno-sanitize=pointer-overflow
