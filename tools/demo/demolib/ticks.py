# SPDX-License-Identifier: MIT
"""Tick lines of the guest, read out of what both hosts' consoles wrote."""
import dataclasses
import json
import re

TICK = re.compile(r"tick (\d+) time (\d+) real (\d+) writes (\d+) sum ([0-9a-f]{16}) bad (\d+) boot ([0-9a-f-]{36})")
START = re.compile(r"writer pages (\d+) rate (\d+) tick_ms (\d+)")
TROUBLE = re.compile(r"TIME WENT BACK.*|BAD page .*|Kernel panic.*|BUG: .*|writer ended with .*|Oops: .*"
                     r"|.*rcu: INFO: .*stall.*|.*soft lockup.*")


@dataclasses.dataclass
class Tick:
    host: str
    wall: float  # the station's monotonic clock when the line arrived, in seconds
    number: int
    time_ns: int
    real_ns: int
    writes: int
    sum: int
    bad: int
    boot: str


def parse(host, wall, text):
    """The Tick in a line, or None. Typed text may stand before or after it."""
    m = TICK.search(text)
    if not m:
        return None
    return Tick(host, wall, int(m[1]), int(m[2]), int(m[3]), int(m[4]), int(m[5], 16), int(m[6]), m[7])


class Reader:
    """Takes console records {wall, host, line, partial} one by one.

    A line that the move cut in two arrives as an unfinished line from one host and a remainder from the other, whichever is heard first;
    both together are one tick. The same bytes seen again (a console shows its backlog to whoever connects) count once.
    A backlog may begin in the middle of a line: what that would make with a piece of another line is no tick."""

    def __init__(self):
        self.ticks, self.trouble, self.start = [], [], None
        self.torn = 0
        self.seen, self.pieces = set(), []

    def fits(self, tick):
        """Does it stand between the ticks around it, as one that nobody has seen?"""
        of_boot = [t for t in self.ticks if t.boot == tick.boot]
        return all(t.number != tick.number and (t.number < tick.number) == (t.time_ns < tick.time_ns) == (t.real_ns < tick.real_ns)
                   for t in of_boot)

    def join(self, record):
        """The tick that @record completes, if a piece that came before it lacks just that; else it may be a piece itself."""
        for piece in self.pieces:
            host, line = piece
            tick = parse(record["host"], record["wall"], line + record["line"])
            if not tick and host != record["host"]:
                tick = parse(host, record["wall"], record["line"] + line)
            if tick and self.fits(tick):
                self.pieces.remove(piece)
                self.torn += 1
                return tick
        if not record["line"].startswith("[tern:"):
            self.pieces = self.pieces[-7:] + [(record["host"], record["line"])]
        return None

    def add(self, record):
        host, text = record["host"], record["line"]
        whole = parse(host, record["wall"], text)
        tick = whole or self.join(record)
        m = START.search(text)
        if m and not self.start:
            self.start = {"pages": int(m[1]), "rate": int(m[2]), "tick_ms": int(m[3])}
        if tick:
            key = dataclasses.astuple(tick)[2:]
            if key not in self.seen:
                self.seen.add(key)
                # One that was put together may be heard after the next ones.
                later = [i for i, t in enumerate(self.ticks) if whole is None and t.boot == tick.boot and t.number > tick.number]
                self.ticks.insert(later[0] if later else len(self.ticks), tick)
        elif TROUBLE.search(text) and (host, text) not in self.seen:
            self.seen.add((host, text))
            self.trouble.append({"wall": record["wall"], "host": host, "line": text[:300]})


class Tail:
    """Reads the follower's file while it grows."""

    def __init__(self, path):
        self.path, self.offset, self.reader, self.lines = path, 0, Reader(), []

    def poll(self):
        try:
            with open(self.path, "rb") as f:
                f.seek(self.offset)
                data = f.read()
        except FileNotFoundError:
            return self.reader
        end = data.rfind(b"\n") + 1
        self.offset += end
        for line in data[:end].splitlines():
            record = json.loads(line)
            self.lines.append(record)
            self.reader.add(record)
        return self.reader
