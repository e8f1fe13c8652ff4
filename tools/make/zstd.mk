# The part of zstd that Tern uses: its quickest strategy on memory that lies in one piece, without a dictionary, and decompression.
# The flags are about size: one decoder for each part of the format, no texts of errors. What works on each byte is there with BMI2 and
# without, chosen by CPUID (DYNAMIC_BMI2, zstd's default): 33 KiB for a twentieth of compression and an eighth of decompression. Huffman
# codes are read two at a time: bytes of few values in 3.3 us a page instead of 5.7.
ZSTD_DEFS   := -DZSTD_DISABLE_ASM -DZSTD_LEGACY_SUPPORT=0 -DZSTD_NO_TRACE -DXXH_NAMESPACE=ZSTD_ \
	       -DHUF_FORCE_DECOMPRESS_X2 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -DZSTD_STRIP_ERROR_STRINGS
THIRD_ZSTD  := $(addprefix libzstd/lib/, \
	       $(addprefix common/,debug entropy_common error_private fse_decompress xxhash zstd_common) \
	       $(addprefix compress/,fse_compress hist huf_compress zstd_compress zstd_compress_literals zstd_compress_sequences \
		 zstd_fast zstd_ldm) \
	       $(addprefix decompress/,huf_decompress zstd_ddict zstd_decompress zstd_decompress_block))

# What its tables and switches name and level 1 never takes is one function that panics (migration/encode_absent.c), so that the
# linker leaves it out.
ZSTD_SLOWER := doubleFast greedy lazy lazy2 btlazy2 btopt btultra
ZSTD_ABSENT := $(addprefix compressBlock_,$(ZSTD_SLOWER) btultra2 $(foreach s,fast $(ZSTD_SLOWER),$(s)_extDict $(s)_dictMatchState) \
		 $(foreach s,greedy lazy lazy2,$(addprefix $(s)_,dedicatedDictSearch row extDict_row dictMatchState_row dedicatedDictSearch_row))) \
	       $(addprefix ldm_,blockCompress generateSequences fillHashTable skipSequences skipRawSeqStoreBytes) \
	       compressSuperBlock fillHashTable fillDoubleHashTable row_update updateTree insertAndFindFirstIndex \
	       dedicatedDictSearch_lazy_loadDictionary
ZSTD_LINK   := $(ZSTD_ABSENT:%=--defsym=ZSTD_%=mig_zstd_absent)

# What works on frames and tables and not on each byte: for size.
ZSTD_COLD   := $(addprefix libzstd/lib/, \
	       common/entropy_common common/fse_decompress common/xxhash \
	       compress/fse_compress compress/zstd_compress compress/zstd_compress_literals compress/zstd_ldm \
	       decompress/zstd_ddict decompress/zstd_decompress)
