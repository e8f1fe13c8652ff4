# What Tern uses of BearSSL, from Debian's source under $(D)/src/bearssl: SHA-256, HMAC and the generator over them.
BEARSSL_SRC := rand/hmac_drbg mac/hmac hash/sha2small hash/dig_size codec/enc32be codec/dec32be
BEARSSL_INC := -isystem $(D)/src/bearssl/inc -I$(D)/src/bearssl/src

# Compiled by the rule for $(B)/third in deps.mk.
BEARSSL_OBJ := $(BEARSSL_SRC:%=$(B)/third/bearssl/src/%.o)
$(BEARSSL_OBJ): EXTRA_C = $(BEARSSL_INC)

# For unit tests, with the sanitizers; a test names it in its second line.
BEARSSL_UNIT_OBJ := $(BEARSSL_SRC:%=$(B)/unit/third/bearssl/%.o)
$(BEARSSL_UNIT_OBJ): $(B)/unit/third/bearssl/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)gcc $(filter-out $(WARN),$(UNIT_C)) -w $(BEARSSL_INC) -c $(D)/src/bearssl/src/$*.c -o $@

$(B)/unit/bearssl.a: $(BEARSSL_UNIT_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

# And for fuzz targets.
BEARSSL_FUZZ_OBJ := $(BEARSSL_SRC:%=$(B)/fuzz/third/bearssl/%.o)
$(BEARSSL_FUZZ_OBJ): $(B)/fuzz/third/bearssl/%.o: $(BUILT_BY)
	@mkdir -p $(@D)
	$(Q)clang $(filter-out $(WARN),$(FUZZ_C)) $(FUZZ_GUIDE) -w $(BEARSSL_INC) -c $(D)/src/bearssl/src/$*.c -o $@

$(B)/fuzz/bearssl.a: $(BEARSSL_FUZZ_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
