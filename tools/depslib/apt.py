# SPDX-License-Identifier: MIT
"""A private apt: the machine's own Debian entries, with source entries and lists of its own, so that /etc/apt and the
machine's lists stay as they are."""
import functools
import glob
import os
import re
import shutil
import subprocess

from . import DepsError
from .command import environment, run

# What apt says of a file that its lists name and the mirror doesn't have, over HTTP and in a folder.
NOT_THERE = re.compile(r"\b404\b.*Not Found|\b410\b.*Gone|File not found", re.I)


def not_there(output):
    return bool(NOT_THERE.search(output))


def codename():
    """The release's name, e.g. bookworm."""
    with open("/etc/os-release", encoding="utf-8") as f:
        found = re.search(r"^VERSION_CODENAME=\"?(\w+)", f.read(), re.M)
    if not found:
        raise DepsError("/etc/os-release has no VERSION_CODENAME; Tern is built on Debian 12")
    return found.group(1)


def suites_of(release, suites):
    """Those of @suites that belong to @release itself; what is backported from a later one does not."""
    return [s for s in suites if re.fullmatch(rf"({release}|stable|oldstable)([-/].*)?", s) and "backports" not in s]


def one_line_entries(text, release):
    """Entries of a sources.list as [(options, uri, suite, components)]."""
    found = []
    for line in text.splitlines():
        m = re.fullmatch(r"\s*deb\s+(\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)(#.*)?", line)
        if m and "debian" in m.group(2) and suites_of(release, [m.group(3)]) and "main" in m.group(4).split():
            found.append(((m.group(1) or "").strip(), m.group(2), m.group(3), m.group(4).split()))
    return found


def paragraphs(text):
    """Entries of a deb822 file as [{field in lower case: value}]."""
    found = []
    for block in re.split(r"\n[ \t]*\n", "\n".join(s for s in text.splitlines() if not s.startswith("#"))):
        fields, name = {}, None
        for line in block.splitlines():
            if line[:1] in (" ", "\t"):
                if name:
                    fields[name] += "\n" + line
                continue
            name, colon, value = line.partition(":")
            name = name.strip().lower() if colon else None
            if name:
                fields[name] = value.strip()
        if fields:
            found.append(fields)
    return found


def is_debian(entry, release):
    return ("deb" in entry.get("types", "").split() and "main" in entry.get("components", "").split()
            and "debian" in entry.get("uris", "") and entry.get("enabled", "yes").lower() not in ("no", "false", "0")
            and suites_of(release, entry.get("suites", "").split()))


def as_paragraph(entry, types, suites):
    fields = {**entry, "types": types, "suites": " ".join(suites)}
    return "".join(f"{name.title()}: {value}\n" for name, value in fields.items()) + "\n"


def machine_entries(etc, release):
    """The entries under @etc (/etc/apt) that serve @release with component main: one-line ones, and paragraphs.
    Third-party ones are left out."""
    lines, blocks = [], []
    for path in [f"{etc}/sources.list", *sorted(glob.glob(f"{etc}/sources.list.d/*.list"))]:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                lines += one_line_entries(f.read(), release)
    for path in sorted(glob.glob(f"{etc}/sources.list.d/*.sources")):
        with open(path, encoding="utf-8") as f:
            blocks += [p for p in paragraphs(f.read()) if is_debian(p, release)]
    if not lines and not blocks:
        raise DepsError(f"found no Debian entry (a suite of {release}, component main) in {etc}/sources.list or "
                        f"{etc}/sources.list.d")
    return lines, blocks


def one_line(kind, options, uri, suite, components):
    return " ".join(filter(None, [kind, options, uri, suite, *components])) + "\n"


def private_entries(etc, release):
    """The machine's Debian entries for @release, each for packages and for sources, as {file name: content}."""
    lines, blocks = machine_entries(etc, release)
    return {"machine.list": "".join(one_line(kind, *line) for line in lines for kind in ("deb", "deb-src")),
            "machine.sources": "".join(as_paragraph(p, "deb deb-src", suites_of(release, p["suites"].split()))
                                       for p in blocks)}


def later_entries(etc, release, later):
    """The mirrors of @release's main suite, asked for the packages of the release @later."""
    lines, blocks = machine_entries(etc, release)
    mains = {release, "stable", "oldstable"}
    return {"later.list": "".join(one_line("deb", options, uri, later, components)
                                  for options, uri, suite, components in lines if suite in mains),
            "later.sources": "".join(as_paragraph(p, "deb", [later]) for p in blocks
                                     if mains & set(p["suites"].split()))}


class Apt:
    """An apt with lists and entries of its own under @folder."""

    def __init__(self, folder):
        self.folder = folder
        self.config = os.path.join(folder, "apt.conf")
        self.env = {"APT_CONFIG": self.config}

    def update(self, log, entries):
        """Fetches the lists of @entries ({file name: content})."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("lists/partial", "cache/archives/partial", "sources.list.d"):
            os.makedirs(os.path.join(self.folder, name))
        for name, text in entries.items():
            with open(os.path.join(self.folder, "sources.list.d", name), "w", encoding="utf-8") as f:
                f.write(text)
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f'''Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{self.folder}/sources.list.d";
Dir::State::Lists "{self.folder}/lists";
Dir::Cache "{self.folder}/cache";
Dir::Cache::Archives "{self.folder}/cache/archives";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::Source-Symlinks "false";
''')
        run(log, "apt-get", "update", env=self.env)

    def get(self, log, *words, cwd):
        return run(log, "apt-get", *words, cwd=cwd, env=self.env)

    def records(self, log, *words):
        return paragraphs(run(log, "apt-cache", *words, env=self.env))

    def source_versions(self, log, name):
        """Every version of the source @name that the lists have, newest first."""
        records = self.records(log, "showsrc", "--only-source", name)
        return newest_first(r["version"] for r in records if r.get("package") == name and "version" in r)

    def package_records(self, log, name):
        """The records of the package @name, newest first, one for each version that the lists have."""
        records = {r["version"]: r for r in self.records(log, "show", name)
                   if r.get("package") == name and "version" in r and "filename" in r}
        return [records[v] for v in newest_first(records)]


def newest_first(versions):
    def compare(a, b):
        if a == b:
            return 0
        older = subprocess.run(["dpkg", "--compare-versions", a, "lt", b], env=environment(), check=False)
        if older.returncode not in (0, 1):
            raise DepsError(f"dpkg can't compare the versions {a} and {b}")
        return 1 if older.returncode == 0 else -1
    return sorted(set(versions), key=functools.cmp_to_key(compare))
