# SPDX-License-Identifier: MIT
"""Fetching through the private apt. A version that the lists name and the mirror lacks gives way to the next older."""
import contextlib
import glob
import os
import shutil

from . import DepsError, say
from .apt import not_there
from .command import CommandFailed, run


def first_there(candidates, fetch):
    """Calls @fetch with each of @candidates ("NAME=VERSION", newest first) until one is there, and says what it takes
    instead of what. Gives a line for the records: name, version, what was lacking."""
    lacking = []
    for candidate, older in zip(candidates, [*candidates[1:], None]):
        try:
            fetch(candidate)
        except CommandFailed as e:
            if not not_there(e.output) or older is None:
                raise
            say(f"  {candidate} is named in the lists and missing on the mirror; taking {older}")
            lacking.append(candidate)
            continue
        name, _, version = candidate.partition("=")
        return f"{name} {version}" + (f" (the mirror lacked {', '.join(lacking)})" if lacking else "") + "\n"
    raise DepsError("no candidate")


def of_versions(name, versions):
    """Candidates for first_there."""
    if not versions:
        raise DepsError(f"the lists of this Debian release name no version of {name}")
    return [f"{name}={v}" for v in versions]


def one(pattern):
    found = glob.glob(pattern)
    if len(found) != 1:
        raise DepsError(f"expected one {pattern}, found {len(found)}")
    return found[0]


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def put(path, text):
    """Writes a small file whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)


def source(apt, log, name, folder):
    """The files of the Debian source @name in @folder, verified by apt, and kept to be unpacked without a network."""
    if os.path.exists(os.path.join(folder, "version")):
        return
    taken = first_there(of_versions(name, apt.source_versions(log, name)), lambda candidate: apt.get(
        log, "source", "--download-only", "--only-source", candidate, cwd=fresh(folder)))
    put(os.path.join(folder, "version"), taken)


def package(apt, log, candidates, folder):
    """One of @candidates unpacked in @folder, not installed; @folder.version says which one."""
    new = folder + ".new"
    taken = first_there(candidates, lambda candidate: apt.get(log, "download", candidate, cwd=fresh(new)))
    shutil.rmtree(folder, ignore_errors=True)
    run(log, "dpkg-deb", "-x", one(f"{glob.escape(new)}/*.deb"), folder)
    shutil.rmtree(new)
    put(folder + ".version", taken)
