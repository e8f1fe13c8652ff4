# SPDX-License-Identifier: MIT
"""Debian sources, unpacked with Debian's patches and then Tern's."""
import glob
import hashlib
import os
import shutil
import tempfile

from . import TOP, fetch
from .command import run

PATCHES = os.path.join(TOP, "tools", "patches")
CR_LF = ("lwip",)   # Debian's file has CR LF where upstream's repository, and so a patch that can be sent there, has LF


def patches(name, folder=PATCHES):
    """Tern's patches for the source @name, in the order in which they are applied."""
    return sorted(glob.glob(os.path.join(glob.escape(folder), name, "*.patch")))


def patches_key(name, folder=PATCHES):
    """Another one when a patch comes, goes or changes, and when the way of applying them does."""
    digest = hashlib.sha256()
    for path in patches(name, folder):
        with open(path, "rb") as f:
            digest.update(os.path.basename(path).encode() + b"\0" + hashlib.sha256(f.read()).digest())
    if name in CR_LF:
        digest.update(b"LF")
    return digest.hexdigest() if name in CR_LF or patches(name, folder) else ""


def with_lf(data):
    return data.replace(b"\r\n", b"\n")


def ends_lines_with_lf(folder):
    for path in glob.glob(os.path.join(glob.escape(folder), "**", "*.[ch]"), recursive=True):
        with open(path, "rb") as f:
            data = f.read()
        if b"\r\n" in data:
            with open(path, "wb") as f:
                f.write(with_lf(data))


def apply(log, path, folder):
    with open(path, "rb") as f, tempfile.NamedTemporaryFile(suffix=os.path.basename(path)) as text:
        text.write(with_lf(f.read()))
        text.flush()
        log.write(f"{path}:\n")
        run(log, "patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch", "-i", text.name,
            cwd=folder)


def unpack(apt, log, name, folder, patch_folder=PATCHES):
    """Makes @folder/src/NAME."""
    archive, new = os.path.join(folder, "archive", name), os.path.join(folder, "src", f".{name}")
    fetch.source(apt, log, name, archive)
    shutil.rmtree(new, ignore_errors=True)
    try:
        dsc = fetch.one(f"{glob.escape(archive)}/*.dsc")
        run(log, "dpkg-source", "--no-check", "--no-copy", "-x", dsc, new)  # apt has checked it
    except Exception:
        shutil.rmtree(archive)  # it may be what is wrong
        raise
    if name in CR_LF:
        ends_lines_with_lf(new)
    for path in patches(name, patch_folder):
        apply(log, path, new)
    target = os.path.join(folder, "src", name)
    shutil.rmtree(target, ignore_errors=True)
    os.rename(new, target)
