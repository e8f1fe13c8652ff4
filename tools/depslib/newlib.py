# SPDX-License-Identifier: MIT
"""newlib for bare metal: built with the machine's own GCC, and its functions of the exit path looked at."""
import os
import re
import shutil

from . import DepsError
from .command import run
from .fetch import fresh

TARGET = "x86_64-elf"
FLAGS = ("-O2 -g -w -fPIE -fvisibility=default -mno-red-zone -fno-stack-protector -ffunction-sections "
         "-fno-asynchronous-unwind-tables -fno-tree-vectorize")
CONFIGURE = (f"--target={TARGET}", "--disable-multilib", "--disable-libgloss", "--disable-nls",
             "--disable-newlib-supplied-syscalls", "--enable-newlib-nano-malloc", "--disable-newlib-multithread",
             "CC_FOR_TARGET=gcc", "AR_FOR_TARGET=ar", "RANLIB_FOR_TARGET=ranlib", "AS_FOR_TARGET=as",
             "LD_FOR_TARGET=ld", f"CFLAGS_FOR_TARGET={FLAGS}")
MAKES = (f"newlib/{TARGET}/lib/libc.a", f"newlib/{TARGET}/include/stdio.h")

# Exit-path code calls these and must not touch extended registers, since a guest's are live there.
ON_EXIT_PATH = ("memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strcmp", "strncmp", "strchr", "strnlen")
EXTENDED = re.compile(r"%[xyz]mm[0-9]|%mm[0-7]|%st\b")


def build(log, folder):
    work = fresh(os.path.join(folder, "newlib-build"))
    shutil.rmtree(os.path.join(folder, "newlib"), ignore_errors=True)
    run(log, f"{folder}/src/newlib/configure", f"--prefix={folder}/newlib", *CONFIGURE, cwd=work)
    run(log, "make", f"-j{os.cpu_count()}", "MAKEINFO=true", "all-target-newlib", cwd=work)
    run(log, "make", "MAKEINFO=true", "install-target-newlib", cwd=work)
    shutil.rmtree(work)


def check(log, folder):
    work, bad = fresh(os.path.join(folder, "newlib-check")), []
    objects = [f"lib_a-{name}.o" for name in ON_EXIT_PATH]
    run(log, "ar", "x", os.path.join(folder, MAKES[0]), *objects, cwd=work)
    shown = run(log, "objdump", "-d", *objects, cwd=work)
    texts = dict(re.findall(r"(?ms)^lib_a-(\w+)\.o:\s+file format [^\n]*\n(.*?)(?=^lib_a-|\Z)", shown))
    for name in ON_EXIT_PATH:
        text = texts.get(name, "")
        if f"<{name}>:" not in text:
            raise DepsError(f"objdump shows no {name}")
        if EXTENDED.search(text):
            bad.append(name)
    shutil.rmtree(work)
    if bad:
        raise DepsError(f"these use extended registers: {' '.join(bad)}")
