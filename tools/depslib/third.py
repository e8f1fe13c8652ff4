# SPDX-License-Identifier: MIT
"""Third-party code whose source is used, and its headers for Tern's own."""
import glob
import os
import shutil

from .fetch import fresh, one

# The Debian sources, and a file of each that Tern uses.
SOURCES = {"lwip": "src/core/tcp_in.c", "newlib": "configure", "zydis": "src/Zydis.c", "http-parser": "http_parser.c",
           "xxhash": "xxhash.h", "lz4": "lib/lz4.c", "libzstd": "lib/zstd.h", "bearssl": "inc/bearssl.h",
           "expat": "expat/lib/xmlparse.c"}

# Where what Tern includes comes from: files, and folders as a whole. Patterns must find something.
HEADERS = ("src/xxhash/xxhash.h", "src/lz4/lib/lz4.h", "src/libzstd/lib/zstd.h", "src/libzstd/lib/zstd_errors.h",
           "src/http-parser/http_parser.h", "src/bearssl/inc/bearssl*.h", "src/zydis/include/Zydis",
           "pkg/libzycore-dev/usr/include/Zycore", "/usr/include/expat.h", "/usr/include/expat_external.h",
           "/usr/include/*/expat_config.h")


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
