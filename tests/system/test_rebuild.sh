#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An old build folder is as good as a new one: what is compiled is compiled again when flags or rules change, and only then.
# limit: 240
set -u
cd "$TERN_ROOT" || exit 1
b=$TERN_LAB_DIR/b
targets=("$b"/{obj/lib/fmt.o,obj/arch/x86_64/firmware_call.S.o,third/http-parser/http_parser.o,third/lwip/src/core/def.o,unit/obj/lib/fmt.o}
	 "$b"/{unit/third/lwip/src/core/def.o,fuzz/obj/lib/fmt.o,bench/obj/lib/fmt.o,bench/third/lz4/lib/lz4.o,host/tools/ternctl/cim.o}
	 "$b"/{demo/writer,bench/measure,tests/guest,machine/guest.elf,acpi/dsdt.hex})
make_b() { make -s --no-print-directory B="$b" D=build/deps "$@"; }
fail() { echo "expected: $*"; exit 1; }

rm -rf "$b"
make_b "${targets[@]}" || fail "the targets to be made"
make_b -q "${targets[@]}" || fail "nothing to be made again when nothing changed"
for t in "${targets[@]}"; do
	! make_b -q "$t" TERN_VERSION=9.9 || fail "$t to be made again when a flag changed on the command line"
done
make_b "${targets[@]}" && make_b -q "${targets[@]}" || fail "nothing to be made again after that"
