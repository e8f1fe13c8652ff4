# SPDX-License-Identifier: MIT
"""Waiting for hosts by what they write to their serial port, with progress on the way."""
import re
import sys
import time

from . import LabError, emulator

READY = re.compile(rb"\bCIM listens on port\b.*\bready at [0-9]", re.S)
PANIC = re.compile(rb"^\[ *[0-9.]+\] panic: ", re.M)
MILESTONES = (
    (re.compile(rb"BdsDxe: (loading|starting) Boot"), "firmware is up"),
    (re.compile(rb"Tern is starting"), "Tern is starting"),
    (re.compile(rb"processors? online"), "processors are online"),
    (READY, "ready, CIM answers"),
)
ANSI = re.compile(r"\x1b\[[0-9;=?]*[A-Za-z]|[^\x20-\x7e\t]")


def say(text):
    print(text, flush=True)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def clean_lines(data):
    """Serial output without the firmware's screen control."""
    lines = (ANSI.sub("", line).rstrip() for line in data.decode("utf-8", "replace").replace("\r", "\n").split("\n"))
    return [line for line in lines if line]


def last_lines(host, count):
    return clean_lines(read(host.serial)[-65536:])[-count:]


def show_tail(host, count=15, out=sys.stderr):
    lines = last_lines(host, count)
    print(f"--- {host.name}: last lines of its serial log", file=out)
    for line in lines or ["(nothing)"]:
        print(f"    {line}", file=out)
    if not emulator.alive(host):
        tail = clean_lines(read(f"{host.folder}/bochs.log")[-4096:] + read(f"{host.folder}/emulator.txt")[-4096:])
        print(f"--- {host.name}: its emulator is gone; last lines of the emulator's own log", file=out)
        for line in tail[-8:] or ["(nothing)"]:
            print(f"    {line}", file=out)
    out.flush()


def is_ready(host):
    return bool(READY.search(read(host.serial)))


def for_ready(hosts, timeout):
    """Returns when every host says that CIM listens; a host that panics or dies ends the wait at once."""
    begun = time.monotonic()
    seen = {h.name: 0 for h in hosts}
    waiting, told = list(hosts), begun
    while waiting:
        for h in list(waiting):
            data = read(h.serial)
            passed = [text for pattern, text in MILESTONES if pattern.search(data)]
            for text in passed[seen[h.name]:]:
                say(f"{h.name}: {text} ({time.monotonic() - begun:.0f} s)")
                told = time.monotonic()
            seen[h.name] = max(seen[h.name], len(passed))
            if READY.search(data):
                waiting.remove(h)
            elif PANIC.search(data):
                time.sleep(1)  # the dump follows
                raise LabError(f"{h.name} panicked while it came up")
            elif not emulator.alive(h):
                raise LabError(f"{h.name}: the emulator ended while the host came up")
        now = time.monotonic()
        if waiting and now - begun > timeout:
            raise LabError(f"{', '.join(h.name for h in waiting)}: not ready after {timeout} s")
        if waiting and now - told > 15:
            told = now
            for h in waiting:
                line = (last_lines(h, 1) or ["nothing yet"])[0]
                say(f"{h.name}: waiting ({now - begun:.0f} s); last line: {line[:100]}")
        if waiting:
            time.sleep(0.2)
