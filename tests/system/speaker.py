# SPDX-License-Identifier: MIT
"""Speaks the migration protocol (docs/wire/protocol.md) to a host: as a destination that takes a guest down, and as a source that
offers it again, under another name, honestly or not. Records are those of the second reader, tests/wire."""
import os
import socket
import struct
import sys

from harness import ROOT, expect

sys.path.insert(0, os.path.join(ROOT, "tests", "wire"))

from records import HEADER, NUMBERS, TABLES, Record, check, text  # noqa: E402
from sums import crc32c  # noqa: E402

PORT, MAGIC = 5991, int.from_bytes(b"TERNMIG1", "little")
MIGRATE, CHECK, SETTLE, RESUME = 1, 2, 3, 4
PROOF = 1 << 7
DRY = 1


def table(name, values):
    """The body of a record of @values; optional fields may be missing."""
    body = b""
    for tag, (field, width, count, _) in TABLES[name].items():
        if field in values:
            value = values[field]
            data = value.to_bytes(width, "little") if count == 1 else value.ljust(width * count, b"\0")
            body += struct.pack("<HHH", tag, width, count) + data
    return body


class Line:
    """One connection to or from a host."""

    def __init__(self, peer, attempt=None):
        self.socket, self.attempt, self.sent, self.heard, self.rest = peer, attempt, 0, 0, b""
        peer.settimeout(20)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def put(self, record, body=None, /, **values):
        body = table(record, values) if body is None else body
        head = [NUMBERS[record], 0, len(body), self.sent, 0, self.attempt]
        head[4] = crc32c(HEADER.pack(*head) + body)
        self.sent += 1
        self.socket.sendall(HEADER.pack(*head) + body)

    def fill(self, count):
        while len(self.rest) < count:
            part = self.socket.recv(1 << 20)
            if not part:
                raise ConnectionError("the host closed the connection")
            self.rest += part

    def next(self):
        """The next record but HEARTBEAT."""
        while True:
            self.fill(HEADER.size)
            header = HEADER.unpack_from(self.rest)
            self.fill(HEADER.size + header[2])
            record = Record(0, self.heard, header, self.rest[HEADER.size:HEADER.size + header[2]])
            self.attempt = self.attempt or header[5]
            check(record, "SD"[record.name in ("ACCEPT", "REJECT", "ROUND_ACK", "STATE_REPORT", "READY", "RUNNING", "ANSWER", "REFUSED",
                                               "RESUMED", "WANT")], self.attempt, "the host")
            self.rest = self.rest[HEADER.size + header[2]:]
            self.heard += 1
            if record.name != "HEARTBEAT":
                return record

    def wait(self, *names):
        """The next record, which must be one of these."""
        record = self.next()
        expect(record.name in names, f"{' or '.join(names)} of the host, not {said(record)}")
        return record.fields()

    def ended(self):
        """What the host says before it closes the connection."""
        out = []
        try:
            while True:
                out.append(said(self.next()))
        except ConnectionError:
            return "; ".join(out)

    def close(self):
        self.socket.close()


def said(record):
    """A record as a person wants to see it."""
    if record.name in ("REJECT", "REFUSED", "ABORT"):
        fields = record.fields()
        texts = [fields["text"][n:n + 200] for n in range(0, 200 * fields.get("count", 1), 200)]
        return record.name + ": " + " | ".join(text(t) for t in texts)
    return record.name


class Host:
    """Who says HELLO: a name, with a uuid and boot id of its own."""

    def __init__(self, name, address):
        self.name, self.address, self.uuid, self.boot_id = name, address, os.urandom(16), os.urandom(16)

    def hello(self, purpose, proof=None, capabilities=PROOF):
        values = {"magic": MAGIC, "capabilities": capabilities, "version_min": 1, "version_max": 1, "purpose": purpose,
                  "boot_id": self.boot_id, "uuid": self.uuid, "name": self.name.encode()}
        return values | ({"proof": proof} if proof else {})

    def connect(self, to, attempt):
        s = socket.socket()
        s.settimeout(10)
        s.bind((self.address, 0))
        s.connect((to, PORT))
        return Line(s, attempt)


def take_down(me, migrate):
    """As destination: calls migrate(), takes the guest that comes down to READY, with a sum that can't be right, so that it goes on
    where it was. Gives OFFER's fields and every record after it."""
    kept = []
    with socket.create_server((me.address, PORT)) as server:
        server.settimeout(20)
        migrate()
        line = Line(server.accept()[0])
        hello = line.wait("HELLO")
        line.put("HELLO", **me.hello(hello["purpose"], capabilities=0))
        offer = line.wait("OFFER")
        line.put("ACCEPT", state_bytes=1 << 20)
        while not kept or not (kept[-1][0] == "STATE" and complete(kept) and "STOP" in {n for n, _ in kept}):
            record = line.next()
            expect(record.name in ("PAGES", "ROUND_END", "STATE", "STOP"), f"a guest, not {said(record)}")
            kept.append((record.name, record.body))
            if record.name == "ROUND_END":
                line.put("ROUND_ACK", round=record.fields()["round"])
            elif record.name == "STATE" and complete(kept) and record.body[0] & DRY:
                line.put("STATE_REPORT", check_ns=1000, ok=1, text=b"")
        line.put("READY", digest=1, memory_hash=0, load_ns=1000, verify_ns=0, verified=offer["flags"] >> 1 & 1)
        line.wait("ABORT")
        line.put("REFUSED", text=b"never ran")
        line.close()
    return offer, kept


def complete(kept):
    """The last STATE part reaches the image's total."""
    _flags, total, offset, _zero = struct.unpack_from("<4I", kept[-1][1])
    return offset + len(kept[-1][1]) - 16 == total


class Move:
    """As source: one attempt to move the guest that take_down() brought, as another one of @memory bytes (None: with all it had)."""

    def __init__(self, me, to, taken, name, memory=None, attempt=None):
        self.me, self.to, self.memory = me, to, memory
        self.attempt, self.proof, self.theirs = attempt or os.urandom(16), os.urandom(16), None
        self.offer = taken[0] | {"name": name.encode(), "uuid": name.encode().ljust(16, b"\x42"), "flags": 0}
        if memory:
            self.offer["memory_bytes"] = memory
        self.left = list(taken[1]) if not memory else [("STOP", table("STOP", {"round": 1})),
            ("ROUND_END", table("ROUND_END", {"raw_pages": 0, "zero_pages": 0, "round": 1, "final": 1}))] + \
            [(n, b) for n, b in taken[1] if n == "STATE" and not b[0] & DRY]
        self.line = me.connect(to, self.attempt)

    def begin(self):
        """To the host's answer to OFFER."""
        self.line.put("HELLO", **self.me.hello(MIGRATE, self.proof))
        self.theirs = self.line.wait("HELLO").get("proof")
        self.line.put("OFFER", **self.offer)
        return self.line.next()

    def accepted(self):
        record = self.begin()
        expect(record.name == "ACCEPT", f"ACCEPT, not {said(record)}")
        return self

    def load(self, until=None):
        """What is left up to the end of STATE, or to before the record named @until."""
        while self.left and self.left[0][0] != until:
            name, body = self.left.pop(0)
            self.line.put(name, body)
            if name == "STATE" and body[0] & DRY and complete([(name, body)]):
                report = self.line.wait("STATE_REPORT")
                expect(report["ok"], f"a state that can be loaded: {text(report['text'])}")
            elif name == "ROUND_END":
                self.line.wait("ROUND_ACK")
        return self

    def ready(self):
        """Prepared at the host: gives READY's digest."""
        return self.load().line.wait("READY")["digest"]

    def commit(self, digest):
        self.line.put("COMMIT", digest=digest, stopped_ns=1000000)
        self.line.wait("RUNNING")

    def done(self):
        self.line.put("DONE", b"")
        self.line.wait("ANSWER")
        self.line.close()

    def settle(self, me=None, proof=None):
        """Another connection about the attempt: (line, the host's answer to HELLO)."""
        line = (me or self.me).connect(self.to, self.attempt)
        line.put("HELLO", **(me or self.me).hello(SETTLE, proof))
        return line, line.next()

    def give_up(self):
        """Its source settles it: the copy goes."""
        self.line.close()
        line, answer = self.settle(proof=self.theirs)
        expect(answer.name == "HELLO", f"HELLO to who settles his own attempt, not {said(answer)}")
        line.put("ABORT", text=b"given up")
        line.wait("REFUSED", "ANSWER")
        line.put("DONE", b"")
        line.close()


def beat(moves, over):
    """Nothing but heartbeats, on every connection that still takes them, until the event."""
    while not over.wait(1):     # the protocol's own rhythm
        for m in moves:
            try:
                m.line.put("HEARTBEAT", b"")
            except OSError:
                pass
