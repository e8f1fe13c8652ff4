# SPDX-License-Identifier: MIT
"""A guest's console: TCP to the host, the VM's name and a newline, then bytes both ways."""
import os
import re
import select
import socket
import sys
import termios
import time
import tty

from . import LabError

ESCAPE = b"\x1d"  # Ctrl-]
PORT = 5990


def guess_vm(lab):
    """The only VM that the lab's configurations name."""
    names = set()
    for h in lab.hosts:
        with open(h.config, encoding="utf-8", errors="replace") as f:
            names.update(re.findall(r"^\s*\[\s*vm\s+([^\]\s]+)\s*\]", f.read(), re.M))
    if len(names) == 1:
        return names.pop()
    raise LabError("name a VM: " + (", ".join(sorted(names)) or "the lab's configurations have none"))


def attach(address, vm, dump_seconds=None):
    """Joins the terminal and the console until Ctrl-], the end of the connection, or, to dump what was
    written so far, until dump_seconds pass without a byte (or a few times as long, when the guest writes on)."""
    try:
        s = socket.create_connection((address, PORT), timeout=10)
    except OSError as e:
        raise LabError(f"{address} port {PORT}: {e.strerror or e}") from e
    s.settimeout(None)
    s.sendall(vm.encode() + b"\n")
    if dump_seconds is not None:
        end = time.monotonic() + 3 * dump_seconds
        while time.monotonic() < end and select.select([s], [], [], dump_seconds)[0]:
            data = s.recv(65536)
            if not data:
                break
            os.write(1, data)
        return 0
    interactive = sys.stdin.isatty()
    saved = termios.tcgetattr(0) if interactive else None
    if interactive:
        print(f"console of {vm} on {address}; Ctrl-] ends it", file=sys.stderr, flush=True)
    try:
        if interactive:
            tty.setraw(0)
        pump(s, interactive)
    finally:
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
            print(file=sys.stderr)
    return 0


def pump(s, interactive):
    sources = [s, 0]
    while True:
        ready = select.select(sources, [], [])[0]
        if s in ready:
            data = s.recv(65536)
            if not data:
                return
            os.write(1, data)
        if 0 in ready:
            data = os.read(0, 4096)
            if interactive and ESCAPE in data:
                s.sendall(data[:data.index(ESCAPE)])
                return
            if data:
                s.sendall(data)
            else:
                sources.remove(0)
