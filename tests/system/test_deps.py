# SPDX-License-Identifier: MIT
# tools/deps without a network: each step made to fail at its first, middle and last command by programs in PATH that
# only pretend; packages; the front without Python; make's stamp.
# one processor
# limit: 300
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys

from harness import Cases, expect

FOLDER, ROOT = os.environ["TERN_LAB_DIR"], os.environ["TERN_ROOT"]
sys.path.insert(0, os.path.join(ROOT, "tools"))

from depslib import cli  # noqa: E402

D, BIN, CALLS = (os.path.join(FOLDER, name) for name in ("deps", "bin", "calls"))
FAKED = ("apt-get", "apt-cache", "dpkg-query", "dpkg-source", "dpkg-deb", "patch", "make", "ar", "objdump")

# One program under all names: it notes the call, fails when its turn has come, and else makes what the real one would.
FAKE = r"""#!/bin/sh
name=${0##*/}
for last; do :; done
[ "$name" = dpkg-query ] || echo "$0 $*" | sed "s,^$FAKE_BIN/,," >>"$FAKE_CALLS"
if [ "$name" != dpkg-query ] && [ "$(wc -l <"$FAKE_CALLS")" -eq "${FAKE_FAILS_AT:-0}" ]; then
	echo "pretended failure"; exit 7
fi
put() { for f; do mkdir -p "$(dirname "$f")"; echo pretended >"$f"; done; }
record() { printf 'Package: %s\nVersion: 1-1\nFilename: pool/x.deb\n%s\n' "$1" "$2"; }
case "$name $1" in
"dpkg-query "*) shift 3; [ -e "$FAKE_CALLS.lacking" ] && shift; for p; do echo "installed $p 1-1"; done ;;
"apt-get install") rm -f "$FAKE_CALLS.lacking" ;;
"apt-get source") put "./${last%%=*}_1-1.dsc" ;;
"apt-get download") put "./${last%%=*}_1-1_amd64.deb" ;;
"apt-cache showsrc") record "$last" ;;
"apt-cache show") record "$last" "Depends: linux-image-6.1.0-1-cloud-amd64 (= 6.1.1-1)" ;;
"dpkg-source "*) [ -n "${FAKE_MAKES_NOTHING:-}" ] && exit 0
	cd "$(dirname "$last")" && mkdir "$last" && cd "$last" && put debian/changelog src/core/tcp_in.c src/Zydis.c \
		http_parser.c http_parser.h xxhash.h lib/lz4.c lib/lz4.h lib/zstd.h lib/zstd_errors.h inc/bearssl.h \
		include/Zydis/Zydis.h expat/lib/xmlparse.c
	cp "$0" configure ;;
"dpkg-deb "*) put "$last/usr/include/Zycore/Zycore.h" "$last/boot/vmlinuz-6" "$last/usr/share/ovmf/OVMF.fd"
	for f in CODE_4M VARS_4M CODE_4M.secboot.strictnx; do put "$last/usr/share/OVMF/OVMF_$f.fd"; done ;;
make*) to=../newlib/x86_64-elf
	[ "$last" != install-target-newlib ] || put $to/lib/libc.a $to/include/stdio.h ;;
"ar x") shift 2; put "$@" ;;
"objdump "*) shift
	for f; do f=${f#lib_a-}; printf '%s:     file format elf64-x86-64\n0 <%s>:\n' "lib_a-$f" "${f%.o}"; done ;;
esac
"""


# The lists of the next release are not there.
LACKS = 'case "$APT_CONFIG $1" in *apt-later*update) echo "404  Not Found"; exit 100 ;; esac\n'


def pretend():
    remove(D, BIN, CALLS, *(os.path.join(FOLDER, name) for name in ("bare", "broken", "b")))
    os.makedirs(BIN)
    for name in FAKED:
        with open(os.path.join(BIN, name), "w", encoding="utf-8") as f:
            f.write(FAKE)
        os.chmod(f.name, 0o755)


def environment(**more):
    return {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "FAKE_BIN": BIN, "FAKE_CALLS": CALLS,
            **{k: str(v) for k, v in more.items()}}


def deps(*words, **more):
    """As tools/deps, without its front: (exit status, output, the calls it made)."""
    remove(CALLS)
    kept, said = dict(os.environ), io.StringIO()
    os.environ.update(environment(**more))
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = cli.main(list(words or (D,)))
    finally:
        os.environ.clear()
        os.environ.update(kept)
    return status, said.getvalue(), lines_of(CALLS)


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def mark(name):
    return os.path.join(D, "done", name)


def remove(*paths):
    for path in paths:
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)


def undo(step):
    """As if @step had never been done: neither what it fetched is there."""
    remove(mark(step.name), os.path.join(D, "archive", step.name.removeprefix("src-")))


def turns(step):
    """The numbers of the step's first, middle and last command in a run in which it is the first that is not done."""
    commands = sum(line.startswith("$ ") for line in lines_of(os.path.join(D, "log", f"{step.name}.txt")))
    expect(commands, f"{step.name} to run a command")
    before = 1 if step.fetches else 0   # the lists
    return sorted({before + 1, before + 1 + commands // 2, before + commands})


def fetching(step):
    """The step as it is when nothing was fetched."""
    undo(step)
    return next(s for s in cli.table(D) if s.name == step.name)


def fails_at(step, turn):
    undo(step)
    put_stamp()
    status, text, calls = deps(FAKE_FAILS_AT=turn)
    what = f"{step.name}, command {turn} ({calls[-1][:60]})"
    expect(status == 1 and "FAILED" in text, f"failure of {what}, got exit {status}: {text}")
    expect(f"{D}/log/{step.name}.txt" in text and "make deps" in text, f"the log and what to do after {what}: {text}")
    expect(not os.path.exists(mark(step.name)), f"no mark after {what}")
    expect(not os.path.exists(f"{D}/.stamp"), f"no stamp of make's after {what}")
    expect(len(calls) == turn, f"nothing more to run after {what}")
    status, text, _ = deps()
    expect(status == 0 and f"deps: {step.text}\n" in text and os.path.exists(mark(step.name)),
           f"{what} to be done again: {text}")


def put_stamp():
    with open(f"{D}/.stamp", "w", encoding="utf-8"):
        pass


def front(name, installs):
    """tools/deps where Python is missing and apt-get @installs one, or fails."""
    folder = os.path.join(FOLDER, name)
    os.makedirs(folder)
    for program in ("sh", "dirname", "flock", "mktemp", "tail", "echo", "rm", "ln"):
        os.symlink(shutil.which(program), os.path.join(folder, program))
    with open(os.path.join(folder, "apt-get"), "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\necho \"$*\" >>{folder}/calls\n[ \"$1\" != install ] || {installs}\n")
    os.chmod(f.name, 0o755)
    r = subprocess.run([os.path.join(ROOT, "tools", "deps"), "-h"], env={"PATH": folder}, stdin=subprocess.DEVNULL,
                       text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return r.returncode, r.stdout


pretend()
cases = Cases()
steps = cli.table(D)

with cases.case("into an empty folder, and a second run does nothing"):
    status, text, calls = deps()
    expect(status == 0 and all(os.path.exists(mark(s.name)) for s in steps), f"every step to be done: {text}")
    expect(deps() == (0, "", []), "a second run to say and do nothing")

for step in steps:
    if step.name != "headers":
        with cases.case(f"{step.name} fails with its first, middle or last command"):
            for number in turns(fetching(step)):
                fails_at(step, number)

with cases.case("the lists fail"):
    undo(steps[0])
    status, text, calls = deps(FAKE_FAILS_AT=1)
    expect(status == 1 and "apt-lists.txt" in text and calls == ["apt-get update"], f"failure before anything else: {text}")
    expect(deps()[0] == 0, "all to be done again")

with cases.case("headers fail when one is not there"):
    remove(mark("headers"), f"{D}/src/xxhash/xxhash.h")
    steps_before = deps()   # the source is unpacked anew, since its file is gone
    expect(steps_before[0] == 0 and os.path.exists(f"{D}/include/xxhash.h"), f"all to be done: {steps_before[1]}")
    remove(mark("headers"), f"{D}/src/lz4/lib/lz4.h")
    status, text, _ = deps()
    expect(status == 1 and "lz4.h" in text and not os.path.exists(mark("headers")), f"a failure that names it: {text}")
    undo(next(s for s in steps if s.name == "src-lz4"))
    expect(deps()[0] == 0 and os.path.exists(f"{D}/include/lz4.h"), "it to be done again")

with cases.case("a step whose commands all end well and that made nothing fails"):
    undo(steps[0])
    status, text, _ = deps(FAKE_MAKES_NOTHING=1)
    expect(status == 1 and "FAILED" in text and not os.path.exists(mark(steps[0].name)), f"a failure: {text}")

with cases.case("a mark without what it stands for does not count, and what is made of it is made again"):
    expect(deps()[0] == 0, "all to be done")
    remove(os.path.join(D, "src", "libzstd"))
    status, text, _ = deps()
    again = re.findall(r"^deps: (\w.*)$", text, re.M)
    expect(status == 0 and "Debian source of libzstd" in again and any("headers to" in a for a in again),
           f"source and headers: {text}")

with cases.case("what the release after this one has is left out where no mirror has it"):
    undo(steps[-1])
    put_stamp()
    update = os.path.join(BIN, "apt-get")
    with open(update, "w", encoding="utf-8") as f:
        f.write(FAKE.replace("put() {", LACKS + "put() {", 1))
    status, text, _ = deps()
    expect(status == 0 and "not to be had here" in text and os.path.exists(f"{D}/.stamp"), f"a line, no failure: {text}")
    with open(update, "w", encoding="utf-8") as f:
        f.write(FAKE)

with cases.case("packages: update or install that fails, and one that ends well and installs nothing"):
    for turn, why in ((1, "update"), (2, "install")):
        with open(f"{CALLS}.lacking", "w", encoding="utf-8"):
            pass
        status, text, calls = deps("--packages-only", D, FAKE_FAILS_AT=turn)
        expect(status == 1 and why in text and "packages.txt" in text and len(calls) == turn, f"{why} to fail: {text}")
    status, text, calls = deps("--packages-only", D)
    expect(status == 0 and calls[0] == "apt-get update" and calls[1].startswith("apt-get install "), f"both: {text}")
    with open(f"{CALLS}.lacking", "w", encoding="utf-8"):
        pass
    os.rename(f"{BIN}/apt-get", f"{BIN}/apt-get.kept")
    shutil.copy("/bin/true", f"{BIN}/apt-get")
    status, text, _ = deps("--packages-only", D)
    expect(status == 1 and "missing after" in text, f"a failure: {text}")
    os.replace(f"{BIN}/apt-get.kept", f"{BIN}/apt-get")
    remove(f"{CALLS}.lacking")

with cases.case("the front without Python: installed first; a failure says so and goes no further"):
    status, text = front("bare", f"ln -s {sys.executable} {FOLDER}/bare/python3")
    expect(status == 0 and "usage: tools/deps" in text, f"Python to be installed and used: {text}")
    status, text = front("broken", "exit 100")
    expect(status == 1 and "FAILED: python3" in text and "usage:" not in text, f"a failure: {text}")

with cases.case("make leaves no stamp when a step fails, and does it again"):
    real = [shutil.which("make"), "-s", "--no-print-directory", "-C", ROOT, f"B={FOLDER}/b", f"D={D}", "deps"]
    for number in ("", 3):
        remove(f"{D}/.stamp", CALLS)
        undo(steps[0])
        r = subprocess.run(real, env=environment(FAKE_FAILS_AT=number or 0), stdin=subprocess.DEVNULL, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        expect((r.returncode == 0) == (not number) == os.path.exists(f"{D}/.stamp"),
               f"a stamp only after success: {r.stdout}")

cases.end()
