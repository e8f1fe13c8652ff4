# Third-party code of programs of the host, with the sanitizers of unit tests and of fuzz targets: a wrong access in it,
# or one that Tern's code has it make, is seen. All of zstd: what the target leaves out, its linker does (zstd.mk).
HOST_THIRD := $(addprefix libzstd/lib/, \
		$(addprefix common/,debug entropy_common error_private fse_decompress pool threading xxhash zstd_common) \
		$(addprefix compress/,fse_compress hist huf_compress zstdmt_compress zstd_opt \
		  $(addprefix zstd_,compress compress_literals compress_sequences compress_superblock double_fast fast lazy ldm)) \
		$(addprefix decompress/,huf_decompress zstd_ddict zstd_decompress zstd_decompress_block)) \
	      $(THIRD_ZYDIS) http-parser/http_parser lz4/lib/lz4 $(addprefix expat/expat/lib/,xmlparse xmlrole xmltok)
# Both compressors compute addresses outside of their buffers, on purpose, and don't use them.
HOST_THIRD_C := -w -fno-sanitize=pointer-overflow
UNIT_THIRD := $(HOST_THIRD:%=$(B)/unit/third/%.o)
FUZZ_THIRD := $(HOST_THIRD:%=$(B)/fuzz/third/%.o)

$(B)/unit/third/libzstd/%.o $(B)/fuzz/third/libzstd/%.o: THIRD_INC = $(ZSTD_DEFS)
$(B)/unit/third/zydis/%.o $(B)/fuzz/third/zydis/%.o: THIRD_INC = -I$(D)/src/zydis/src
$(B)/unit/third/expat/%.o $(B)/fuzz/third/expat/%.o: THIRD_INC = -DHAVE_EXPAT_CONFIG_H

$(UNIT_THIRD): $(B)/unit/third/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(filter-out $(WARN),$(UNIT_C)) $(HOST_THIRD_C) $(THIRD_INC) -c $(D)/src/$*.c -o $@

$(FUZZ_THIRD): $(B)/fuzz/third/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)clang $(filter-out $(WARN),$(FUZZ_C)) $(FUZZ_GUIDE) $(HOST_THIRD_C) $(THIRD_INC) -c $(D)/src/$*.c -o $@

$(B)/unit/libthird.a: $(UNIT_THIRD)
$(B)/fuzz/libthird.a: $(FUZZ_THIRD)
$(B)/unit/libthird.a $(B)/fuzz/libthird.a:
	$(Q)rm -f $@ && ar rcs $@ $^
