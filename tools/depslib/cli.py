# SPDX-License-Identifier: MIT
"""The command: which steps there are, in their order, and what is done once around them."""
import argparse
import fcntl
import os
import sys

from . import TOP, DepsError, apt, fetch, machine, newlib, packages, source, third, versions
from .step import Step, Steps

ABOUT = """Installs the Debian packages of tools/deps-packages.txt that are missing and makes build/deps: third-party
sources, newlib for bare metal, headers, a Debian kernel, firmware. It can be cut off anywhere and goes
on from there; a second run does nothing."""


def sources(folder, release):
    def step(name, proof):
        kept = os.path.exists(os.path.join(folder, "archive", name, "version"))
        return Step(f"src-{name}", f"Debian source of {name}", lambda log: source.unpack(release, log, name, folder),
                    makes=(f"src/{name}/{proof}",), key=source.patches_key(name), fetches=not kept)
    return [step(name, proof) for name, proof in third.SOURCES.items()]


def zycore(folder, release, log):
    found = [r["version"] for r in release.package_records(log, "libzycore-dev")]
    fetch.package(release, log, fetch.of_versions("libzycore-dev", found), os.path.join(folder, "pkg", "libzycore-dev"))


def table(folder):
    """Every step, in the order in which they are done: what a step needs stands before it."""
    release, later = (apt.Apt(os.path.join(folder, name)) for name in ("apt", "apt-later"))
    return sources(folder, release) + [
        Step("zycore", "headers of zycore (package libzycore-dev, unpacked only)",
             lambda log: zycore(folder, release, log), makes=("pkg/libzycore-dev/usr", "pkg/libzycore-dev.version"),
             fetches=True),
        Step("headers", f"third-party headers to {folder}/include", lambda log: third.headers(log, folder),
             makes=("include/bearssl.h", "include/zstd.h", "include/Zydis", "include/Zycore"),
             needs=("zycore", *(f"src-{name}" for name in third.SOURCES)), key=" ".join(third.HEADERS)),
        Step("newlib", "newlib for bare metal (a few minutes)", lambda log: newlib.build(log, folder),
             makes=newlib.MAKES, needs=("src-newlib",)),
        Step("newlib-check", "newlib's memory functions keep to general registers",
             lambda log: newlib.check(log, folder), makes=(), needs=("newlib",)),
        Step("vmlinuz", "Debian's cloud kernel", lambda log: machine.kernel(release, log, folder),
             makes=("vmlinuz", "vmlinuz.package", "pkg/kernel.version"), fetches=True),
        Step("ovmf-later", "OVMF of the next Debian release (unpacked only, for a boot test)",
             lambda log: machine.firmware(later, log, folder), makes=machine.FIRMWARE_FILES, fetches=True,
             optional=(machine.NotHere,)),
    ]


def lists(folder):
    release = apt.Apt(os.path.join(folder, "apt"))
    return Step("apt-lists", "private apt lists with source entries (the system's are left alone)",
                lambda log: release.update(log, apt.private_entries("/etc/apt", apt.codename())),
                makes=("apt/apt.conf",), fetches=True)


def make(folder):
    """Does every step that is not done."""
    steps = Steps(folder, table(folder))
    undone, stamp = steps.undone(), os.path.join(folder, ".stamp")
    if any(not s.optional for s in undone):
        fetch.remove(stamp)  # make is not to believe that all is there, however this ends
    try:
        if any(s.fetches for s in undone):
            steps.run_again(lists(folder))  # those of an earlier day may name what the mirror has no more
        for step in steps.steps:
            steps.run(step)
        versions.write(folder)
    except BaseException:
        fetch.remove(stamp)
        raise


def arguments(words):
    parser = argparse.ArgumentParser(prog="tools/deps", description=ABOUT)
    parser.add_argument("--packages-only", action="store_true", help="only install what is missing")
    parser.add_argument("--versions", action="store_true", help="print which versions are in use, as Markdown")
    parser.add_argument("folder", metavar="DIR", nargs="?", default=os.path.join(TOP, "build", "deps"))
    return parser.parse_args(words)


def run(args, folder):
    for name in ("done", "log", "src", "pkg", "archive"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits and then finds everything done
        if args.versions:
            print(versions.page(folder), end="")
            return
        packages.install_missing(os.path.join(folder, "log", "packages.txt"))
        if not args.packages_only:
            make(folder)


def main(words):
    args = arguments(words)
    try:
        run(args, os.path.realpath(args.folder))
    except (DepsError, OSError) as e:
        print(f"deps: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("deps: interrupted; 'make deps' goes on from here", file=sys.stderr)
        return 130
    return 0
