# SPDX-License-Identifier: MIT
"""tree.py: the files of the tree, and how a rule reports. Every executable beside this file is one rule; it
prints one line per finding and ends with 0 only if there was none."""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = ("lib", "config", "arch", "hv", "net", "migration", "host", "cim", "init")    # what runs on the machine


def files(*suffixes):
    """Paths from the top of every file that is or could be committed, with one of @suffixes if given."""
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP,
                         check=True, stdout=subprocess.PIPE).stdout.decode()
    names = sorted(set(n for n in out.split("\0") if n and os.path.isfile(os.path.join(TOP, n))))
    return [n for n in names if not suffixes or n.endswith(suffixes)]


def text(name):
    """The file's text; None if it isn't text."""
    with open(os.path.join(TOP, name), "rb") as f:
        data = f.read()
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def scripts():
    """Shell and Python programs, known by their suffix or first line."""
    found = []
    for name in files():
        if name.endswith((".py", ".sh")):
            found.append(name)
        elif "." not in os.path.basename(name):
            body = text(name)
            if body and re.match(r"#!.*\b(sh|bash|python3)\b", body):
                found.append(name)
    return found


def linked():
    """Links the image if what it is made of has changed; for rules about what the machine runs."""
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", "--no-print-directory", "-j%d" % (os.cpu_count() or 1), "build/tern.so"], cwd=TOP, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        finish(["build/tern.so can't be made: " + done.stdout.decode().strip()[-400:]])


def finish(findings):
    for line in findings:
        print(line)
    sys.exit(1 if findings else 0)
