# SPDX-License-Identifier: MIT
"""What a machine under test runs: Debian's cloud kernel as a guest, and the firmware of the next Debian release."""
import os
import re
import shutil

from . import DepsError, fetch
from .apt import codename, later_entries, not_there
from .command import CommandFailed

KERNEL = "linux-image-cloud-amd64"
FIRMWARE = "ovmf-2025"
LATER = {"bookworm": "trixie"}
# Code and variables in two flash chips, the strict-NX build (it asks for SMM), and both chips in one file.
FIRMWARE_FILES = tuple(f"{FIRMWARE}/{name}" for name in (
    "OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", "OVMF_CODE_4M.secboot.strictnx.fd", "OVMF.fd"))


class NotHere(Exception):
    """The mirrors of this machine don't serve it."""


def kernel(apt, log, folder):
    """@folder/vmlinuz, and the name of its package beside it."""
    candidates = []
    for record in apt.package_records(log, KERNEL):
        for name, version in re.findall(r"\b(linux-image-[0-9]\S*) \(= ([^)]+)\)", record.get("depends", "")):
            candidates.append(f"{name}={version}")
    if not candidates:
        raise DepsError(f"{KERNEL} names no kernel package")
    unpacked = os.path.join(folder, "pkg", "kernel")
    fetch.package(apt, log, candidates, unpacked)
    shutil.copy(fetch.one(f"{unpacked}/boot/vmlinuz-*"), os.path.join(folder, "vmlinuz"))
    with open(unpacked + ".version", encoding="utf-8") as f:
        fetch.put(os.path.join(folder, "vmlinuz.package"), f.read().split(" ")[0] + "\n")
    shutil.rmtree(unpacked)  # the modules are not needed


def firmware(apt, log, folder):
    """OVMF of the next Debian release: unlike this one's, it protects its page tables. Unpacked, never installed."""
    later = LATER.get(codename())
    entries = later_entries("/etc/apt", codename(), later) if later else {}
    if not any(entries.values()):
        raise NotHere(f"no mirror of the release after {codename()} is known")
    try:
        apt.update(log, entries)
    except CommandFailed as e:
        if not not_there(e.output):
            raise
        raise NotHere(f"the mirror doesn't serve {later}") from e
    versions = [r["version"] for r in apt.package_records(log, "ovmf")]
    if not versions:
        raise NotHere(f"{later} has no ovmf")
    unpacked = os.path.join(folder, "pkg", FIRMWARE)
    fetch.package(apt, log, fetch.of_versions("ovmf", versions), unpacked)
    target = fetch.fresh(os.path.join(folder, FIRMWARE))
    for name in map(os.path.basename, FIRMWARE_FILES):
        shutil.copy(fetch.one(f"{unpacked}/usr/share/[oO]*/{name}"), target)
    shutil.rmtree(unpacked)
