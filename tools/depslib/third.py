# SPDX-License-Identifier: MIT
"""Headers of third-party code for Tern's own, and an archive of that code for programs of the host."""
import glob
import os
import shutil

from .command import run
from .fetch import fresh, one

SOURCES = ("lwip", "newlib", "zydis", "http-parser", "xxhash", "lz4", "libzstd", "bearssl")
# The Debian sources, and a file of each that Tern uses.
SOURCES = {"lwip": "src/core/tcp_in.c", "newlib": "configure", "zydis": "src/Zydis.c", "http-parser": "http_parser.c",
           "xxhash": "xxhash.h", "lz4": "lib/lz4.c", "libzstd": "lib/zstd.h", "bearssl": "inc/bearssl.h"}

# Where what Tern includes comes from: files, and folders as a whole. Patterns must find something.
HEADERS = ("src/xxhash/xxhash.h", "src/lz4/lib/lz4.h", "src/libzstd/lib/zstd.h", "src/libzstd/lib/zstd_errors.h",
           "src/http-parser/http_parser.h", "src/bearssl/inc/bearssl*.h", "src/zydis/include/Zydis",
           "pkg/libzycore-dev/usr/include/Zycore", "/usr/include/expat.h", "/usr/include/expat_external.h",
           "/usr/include/*/expat_config.h")

ZYDIS = ("Decoder", "DecoderData", "SharedData", "Register", "Mnemonic", "Utils", "Segment", "MetaInfo", "Zydis")
OBJECTS = ("src/http-parser/http_parser.c", "src/lz4/lib/lz4.c", "src/libzstd/lib/common/*.c",
           "src/libzstd/lib/compress/*.c", "src/libzstd/lib/decompress/*.c", *(f"src/zydis/src/{n}.c" for n in ZYDIS))
# zstd: one thread, no assembler, no traces of its own; all of it: the target links in less (tools/make/zstd.mk).
FLAGS = ("-O2", "-g", "-w", "-DZSTD_DISABLE_ASM", "-DZSTD_LEGACY_SUPPORT=0", "-DZSTD_NO_TRACE", "-DXXH_NAMESPACE=ZSTD_",
         "-DZYDIS_STATIC_BUILD", "-DZYCORE_STATIC_BUILD", "-DZYAN_NO_LIBC", "-DZYDIS_DISABLE_FORMATTER",
         "-DZYDIS_DISABLE_ENCODER")


def found(folder, pattern):
    """What @pattern names, relative to @folder; at least one."""
    paths = sorted(glob.glob(os.path.join(glob.escape(folder), pattern)))
    return paths or [one(os.path.join(folder, pattern))]


def headers(_log, folder):
    target = fresh(os.path.join(folder, "include"))
    for pattern in HEADERS:
        for path in found(folder, pattern):
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(target, os.path.basename(path)))
            else:
                shutil.copy(path, target)


def host_archive(log, folder):
    work = fresh(os.path.join(folder, "host", "obj"))
    archive = os.path.join(folder, "host", "libthird.a")
    if os.path.exists(archive):
        os.unlink(archive)
    for pattern in OBJECTS:
        for path in found(folder, pattern):
            run(log, "gcc", *FLAGS, f"-I{folder}/include", f"-I{folder}/src/zydis/src", "-c", path,
                "-o", os.path.join(work, os.path.basename(path)[:-2] + ".o"))
    run(log, "ar", "rcs", archive, *sorted(glob.glob(f"{glob.escape(work)}/*.o")))
