# SPDX-License-Identifier: MIT
"""Debian packages that are installed on the machine: tools/deps-packages.txt names them."""
import os
import re
import subprocess

from . import TOP, DepsError, apt, say
from .command import CommandFailed, environment, run

LIST = os.path.join(TOP, "tools", "deps-packages.txt")


def wanted():
    with open(LIST, encoding="utf-8") as f:
        lines = (re.sub(r"#.*", "", line).strip() for line in f)
        return [line for line in lines if line]


def installed(names):
    """{name: version} of those @names that are installed."""
    r = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n", *names], text=True,
                       env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if r.returncode not in (0, 1):  # 1: some of them are unknown
        raise DepsError(f"dpkg-query ended with {r.returncode}; see what 'dpkg-query -W' says")
    rows = (line.split(" ") for line in r.stdout.splitlines())
    return {row[1]: row[2] for row in rows if row[0] == "installed"}


def install_missing(log_path):
    names = wanted()
    present = installed(names)
    missing = [n for n in names if n not in present]
    if not missing:
        return
    say(f"packages missing: {' '.join(missing)}")
    if os.geteuid():
        raise DepsError("only root can install them. Run: sudo apt-get install --no-install-recommends "
                        + " ".join(missing))
    say(f"apt-get update and install (log: {log_path})")
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    with open(log_path, "w", encoding="utf-8") as log:
        try:
            run(log, "apt-get", "update")
            try:
                run(log, *install, *missing)
            except CommandFailed as e:
                if not apt.not_there(e.output):
                    raise
                release = apt.codename()
                say(f"  the mirror lacks an update that its lists name; taking what {release} itself has")
                run(log, *install, "-t", release, *missing)
        except CommandFailed as e:
            raise DepsError(f"FAILED: {e}\n{tail(e.output)}deps: whole log: {log_path}\ndeps: check the network and "
                            "the Debian entries under /etc/apt; then run 'make deps' again.") from e
    present = installed(names)
    missing = [n for n in names if n not in present]
    if missing:
        raise DepsError(f"FAILED: missing after apt-get install: {' '.join(missing)}\ndeps: whole log: {log_path}")


def tail(output, count=20):
    return "".join(f"    {line}\n" for line in output.splitlines()[-count:])
