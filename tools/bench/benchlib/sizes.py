# SPDX-License-Identifier: MIT
"""How big the program and its source are, and what it was made with."""
import re
import subprocess

from . import BenchError

PACKAGES = ("bochs", "ovmf", "gcc", "gnu-efi")
SIZE = re.compile(r"BOOTX64\.EFI: (\d+) KiB \(code (\d+), constants (\d+), data (\d+); zeroed memory (\d+)\)")
SIZE_NAMES = ("efi_kib", "code_kib", "constants_kib", "data_kib", "zeroed_kib")


def output(root, *words):
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(words)}: {done.stderr.strip() or f'ended with {done.returncode}'}")
    return done.stdout


def image(root):
    text = output(root, "tools/image/size", "build/BOOTX64.EFI", "build/tern.so", "build/tern.img")
    found = SIZE.search(text)
    if not found:
        raise BenchError(f"tools/image/size: its answer is not understood: {text.strip()}")
    return dict(zip(SIZE_NAMES, map(int, found.groups())))


def lines(root, folders):
    rows = [line.split() for line in output(root, "tools/image/lines", *folders).splitlines()[1:]]
    return [{"folder": r[0], "files": int(r[1]), "lines": int(r[2]), "largest": " ".join(r[3:])} for r in rows]


def versions(root):
    out = {}
    for package in PACKAGES:
        try:
            out[package] = output(root, "dpkg-query", "-W", "-f", "${Version}", package)
        except BenchError:
            out[package] = "not known"
    try:
        with open(f"{root}/build/deps/vmlinuz.package", encoding="utf-8") as f:
            out["guest kernel"] = f.read().strip()
    except OSError:
        out["guest kernel"] = "not known"
    return out
