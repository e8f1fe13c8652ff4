# SPDX-License-Identifier: MIT
# tools/deps and a mirror that lacks what its lists name: Debian's own apt and dpkg on a mirror in a folder.
# one processor
# limit: 90
import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import tarfile

from harness import Cases, expect
from depslib import DepsError, apt, fetch, source
from depslib.command import CommandFailed

FOLDER = os.path.join(os.environ["TERN_LAB_DIR"], "w")
MIRROR, ETC, WORK = (os.path.join(FOLDER, name) for name in ("debian", "etc", "deps"))


def put(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def digests(path):
    with open(path, "rb") as f:
        data = f.read()
    return hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest(), len(data)


def add_source(version, text):
    """A Debian source "thing" in the pool; gives its paragraph for Sources."""
    pool = f"{MIRROR}/pool"
    put(f"{FOLDER}/thing/thing.c", text)
    put(f"{FOLDER}/thing/debian/changelog", f"thing ({version}) bookworm; urgency=low\n")
    name = f"thing_{version}.tar.xz"
    os.makedirs(pool, exist_ok=True)
    with tarfile.open(f"{pool}/{name}", "w:xz") as tar:
        tar.add(f"{FOLDER}/thing", "thing")
    md5, sha, size = digests(f"{pool}/{name}")
    fields = (f"Version: {version}\nMaintainer: Nobody <n@example.org>\nArchitecture: all\nBinary: thing\n")
    dsc = f"thing_{version}.dsc"
    put(f"{pool}/{dsc}", f"Format: 3.0 (native)\nSource: thing\n{fields}Checksums-Sha256:\n {sha} {size} {name}\n"
        f"Files:\n {md5} {size} {name}\n")
    files = [(*digests(f"{pool}/{n}"), n) for n in (dsc, name)]
    return (f"Package: thing\nFormat: 3.0 (native)\nDirectory: pool\n{fields}Files:\n"
            + "".join(f" {md5} {size} {n}\n" for md5, _, size, n in files)
            + "Checksums-Sha256:\n" + "".join(f" {sha} {size} {n}\n" for _, sha, size, n in files) + "\n")


def add_package(version):
    """A package "thing" in the pool; gives its paragraph for Packages."""
    put(f"{FOLDER}/package/DEBIAN/control", f"Package: thing\nVersion: {version}\nArchitecture: amd64\n"
        "Maintainer: Nobody <n@example.org>\nDescription: a thing\n")
    put(f"{FOLDER}/package/usr/share/thing", f"{version}\n")
    path = f"{MIRROR}/pool/thing_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--build", f"{FOLDER}/package", path], check=True, stdout=subprocess.DEVNULL)
    md5, sha, size = digests(path)
    return (f"Package: thing\nVersion: {version}\nArchitecture: amd64\nFilename: pool/{os.path.basename(path)}\n"
            f"Size: {size}\nMD5sum: {md5}\nSHA256: {sha}\nDescription: a thing\n\n")


def publish(suite, sources, packages):
    dist = f"{MIRROR}/dists/{suite}"
    put(f"{dist}/main/source/Sources", sources)
    put(f"{dist}/main/binary-amd64/Packages", packages)
    lines = ""
    for name in ("main/source/Sources", "main/binary-amd64/Packages"):
        _, sha, size = digests(f"{dist}/{name}")
        lines += f" {sha} {size} {name}\n"
    put(f"{dist}/Release", f"Suite: {suite}\nCodename: {suite}\nComponents: main\nArchitectures: amd64\n"
        f"Date: Tue, 01 Jan 2030 00:00:00 UTC\nSHA256:\n{lines}")


def said(function, *words):
    out = io.StringIO()
    with open(f"{FOLDER}/log", "w", encoding="utf-8") as log, contextlib.redirect_stdout(out):
        function(private, log, *words)
    return out.getvalue()


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def unpacked():
    return text_of(f"{WORK}/src/thing/thing.c")


def candidates():
    with open(f"{FOLDER}/log", "w", encoding="utf-8") as log:
        return fetch.of_versions("thing", [r["version"] for r in private.package_records(log, "thing")])


shutil.rmtree(FOLDER, ignore_errors=True)
publish("bookworm", add_source("1.9-1", "old\n"), add_package("1.9-1"))
publish("bookworm-security", add_source("1.10-1+deb12u1", "new\n"), add_package("1.10-1+deb12u1"))
put(f"{ETC}/sources.list", f"# a comment\ndeb [trusted=yes] file://{MIRROR} bookworm main contrib # and one\n"
    f"deb [trusted=yes] file://{MIRROR}/elsewhere trixie main\n"
    "deb https://packages.example.org/debian stable other\n")
put(f"{ETC}/sources.list.d/security.sources", f"Types: deb\nURIs: file://{MIRROR}\nSuites: bookworm-security bookworm-backports\n"
    "Components: main\nTrusted: yes\n\n"
    "Types: deb\nEnabled: no\nURIs: http://debian.example.org/debian\nSuites: bookworm\nComponents: main\n")
os.makedirs(f"{WORK}/src")
private = apt.Apt(f"{WORK}/apt")
cases = Cases()

with cases.case("only this release's Debian entries are asked, for sources too"):
    entries = apt.private_entries(ETC, "bookworm")
    put(f"{ETC}/sources.list", entries["machine.list"].replace(" contrib", "") + "# kept for what follows\n")
    lines = [f"{kind} [trusted=yes] file://{MIRROR} bookworm main contrib\n" for kind in ("deb", "deb-src")]
    expect(entries["machine.list"] == "".join(lines), f"the release's line for packages and sources: {entries}")
    expect("bookworm-security\n" in entries["machine.sources"] and "backports" not in entries["machine.sources"]
           and "example" not in entries["machine.sources"] and "deb deb-src" in entries["machine.sources"],
           f"the security updates: {entries}")
    later = apt.later_entries(ETC, "bookworm", "trixie")
    expect(later["later.list"] == f"deb [trusted=yes] file://{MIRROR} trixie main\n" and not later["later.sources"],
           f"the same mirror asked for the next release: {later}")
    said(lambda a, log: a.update(log, apt.private_entries(ETC, "bookworm")))

with cases.case("lists that can't be fetched are a failure"):
    entries = apt.private_entries(ETC, "bookworm")
    entries["machine.list"] += f"deb [trusted=yes] file://{MIRROR} bookworm-updates main\n"
    try:
        said(lambda a, log: apt.Apt(f"{WORK}/apt-other").update(log, entries))
        expect(False, "a failure")
    except CommandFailed as e:
        expect(apt.not_there(e.output), f"that it is not there: {e.output}")

with cases.case("the newest version is taken, and kept"):
    expect(said(source.unpack, "thing", WORK) == "" and unpacked() == "new\n", "1.10, which is newer than 1.9")
    os.rename(f"{MIRROR}/pool", f"{MIRROR}/pool.away")
    expect(said(source.unpack, "thing", WORK) == "" and unpacked() == "new\n", "it again without the mirror")
    os.rename(f"{MIRROR}/pool.away", f"{MIRROR}/pool")

with cases.case("a newest version that is missing gives way to the older one, in one line"):
    for name in ("thing_1.10-1+deb12u1.dsc", "thing_1.10-1+deb12u1.tar.xz", "thing_1.10-1+deb12u1_amd64.deb"):
        os.rename(f"{MIRROR}/pool/{name}", f"{FOLDER}/{name}")
    shutil.rmtree(f"{WORK}/archive")
    line = "deps:   thing=1.10-1+deb12u1 is named in the lists and missing on the mirror; taking thing=1.9-1\n"
    told = said(source.unpack, "thing", WORK)
    expect(told == line and unpacked() == "old\n", f"the older one: {told}")
    expect(text_of(f"{WORK}/archive/thing/version") == "thing 1.9-1 (the mirror lacked thing=1.10-1+deb12u1)\n",
           "it in the records")
    told = said(fetch.package, candidates(), f"{WORK}/pkg/thing")
    expect(told == line and text_of(f"{WORK}/pkg/thing/usr/share/thing") == "1.9-1\n", f"the older package: {told}")

with cases.case("a file that is there and wrong is a failure and no reason for an older one"):
    shutil.rmtree(f"{WORK}/archive")
    for name in ("thing_1.10-1+deb12u1.dsc", "thing_1.10-1+deb12u1.tar.xz"):
        put(f"{MIRROR}/pool/{name}", "nonsense\n")
    try:
        said(source.unpack, "thing", WORK)
        expect(False, "a failure")
    except CommandFailed:
        expect(not os.path.exists(f"{WORK}/archive/thing/version"), "no record of it")

with cases.case("when no version is there, it is a failure that says so"):
    for name in os.listdir(f"{MIRROR}/pool"):
        os.unlink(f"{MIRROR}/pool/{name}")
    try:
        said(source.unpack, "thing", WORK)
        expect(False, "a failure")
    except CommandFailed as e:
        expect(apt.not_there(e.output) and "1.9-1" in str(e), f"the last one tried: {e}")
    try:
        said(source.unpack, "other", WORK)
        expect(False, "a failure")
    except (DepsError, CommandFailed):
        pass

with cases.case("patches apply in order, strictly, whatever their lines' ends"):
    shutil.rmtree(f"{WORK}/archive")
    publish("bookworm", add_source("1.9-1", "one\ntwo\nthree\n"), "")
    publish("bookworm-security", "", "")
    said(lambda a, log: a.update(log, apt.private_entries(ETC, "bookworm")))
    first = "Why.\n--- a/thing.c\n+++ b/thing.c\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"
    put(f"{FOLDER}/patches/thing/0001-a.patch", first)
    put(f"{FOLDER}/patches/thing/0002-b.patch", first.replace("-two\n+TWO", "-TWO\n+2").replace("\n", "\r\n"))
    keys = {source.patches_key("thing", f"{FOLDER}/patches")}
    said(source.unpack, "thing", WORK, f"{FOLDER}/patches")
    expect(unpacked() == "one\n2\nthree\n", f"both in order: {unpacked()}")
    for bad in (first.replace("two", "2").replace(" one", " uno"), first):    # fuzz; and one that is applied already
        put(f"{FOLDER}/patches/thing/0003-c.patch", bad)
        keys.add(source.patches_key("thing", f"{FOLDER}/patches"))
        try:
            said(source.unpack, "thing", WORK, f"{FOLDER}/patches")
            expect(False, "a failure")
        except CommandFailed:
            expect(unpacked() == "one\n2\nthree\n", "the source of before to stay")
    os.unlink(f"{FOLDER}/patches/thing/0003-c.patch")
    os.unlink(f"{FOLDER}/patches/thing/0002-b.patch")
    keys.add(source.patches_key("thing", f"{FOLDER}/patches"))
    said(source.unpack, "thing", WORK, f"{FOLDER}/patches")
    expect(unpacked() == "one\nTWO\nthree\n", "nothing of a patch that is gone")
    expect(len(keys | {source.patches_key("thing", f"{FOLDER}/none")}) == 5, "another key for each set of patches")

cases.end()
