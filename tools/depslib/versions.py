# SPDX-License-Identifier: MIT
"""Which versions were used: a file beside what was made, and a page for docs/results."""
import glob
import os
import re

from . import packages
from .fetch import put
from .third import SOURCES


def first_line(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.readline().strip()


def of_source(folder, name):
    """As it was fetched; a folder of before says it in Debian's changelog."""
    path = os.path.join(folder, "archive", name, "version")
    if os.path.exists(path):
        return first_line(path).partition(" ")[2]
    found = re.match(r"\S+ \(([^)]+)\)", first_line(os.path.join(folder, "src", name, "debian", "changelog")))
    return found.group(1) if found else "unknown"


def rows(folder):
    """(kind, name, version) of everything."""
    found = [("source", name, of_source(folder, name)) for name in SOURCES]
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "pkg", "*.version"))):
        name, _, version = first_line(path).partition(" ")
        found.append(("unpacked", name, version))
    installed = packages.installed(packages.wanted())
    return found + [("installed", name, version) for name, version in sorted(installed.items())]


def write(folder):
    put(os.path.join(folder, "versions.txt"), "".join(f"{' '.join(row)}\n" for row in rows(folder)))


KINDS = {"source": "Debian source, built for the target or the host", "unpacked": "package, unpacked",
         "installed": "package, installed"}


def page(folder):
    with open(os.path.join(folder, "versions.txt"), encoding="utf-8") as f:
        lines = [line.strip().split(" ", 2) for line in f]
    return ("# Versions\n\nWhat the tree was last built and tested with, as `tools/deps --versions` prints it.\n\n"
            "| part | version | taken as |\n|---|---|---|\n"
            + "".join(f"| {name} | {version} | {KINDS[kind]} |\n" for kind, name, version in lines))
