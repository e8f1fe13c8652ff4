# SPDX-License-Identifier: MIT
"""Recordings taken apart, changed and put together again, and the real code's verdict about them."""
import struct
import subprocess

from conversation import Conversation
from records import HEADER, NUMBERS, TABLES
from refused import Refused
from sums import crc32c

SOURCE, DESTINATION = 0, 1


def split(stream):
    """[type, body] of each record of a whole stream."""
    at, out = 0, []
    while at < len(stream):
        kind, _, length = HEADER.unpack_from(stream, at)[:3]
        out.append((kind, stream[at + HEADER.size:at + HEADER.size + length]))
        at += HEADER.size + length
    return out


def borders(stream):
    at, out = 0, []
    for _, body in split(stream):
        out.append(at)
        at += HEADER.size + len(body)
    return out + [at]


def join(parts, attempt):
    """The opposite of split, with sequence numbers and checksums as they must be."""
    out = []
    for number, (kind, body) in enumerate(parts):
        plain = HEADER.pack(kind, 0, len(body), number, 0, attempt) + body
        out.append(HEADER.pack(kind, 0, len(body), number, crc32c(plain), attempt) + body)
    return b"".join(out)


def attempt_of(stream):
    return stream[16:32]


def fields(body):
    """[tag, width, count, data] of a table."""
    at, out = 0, []
    while at < len(body):
        tag, width, count = struct.unpack_from("<3H", body, at)
        out.append((tag, width, count, body[at + 6:at + 6 + width * count]))
        at += 6 + width * count
    return out


def table(rows):
    return b"".join(struct.pack("<3H", tag, width, count) + data for tag, width, count, data in rows)


def with_field(body, name, field, value):
    tag, (_, width, _, _) = next((t, row) for t, row in TABLES[name].items() if row[0] == field)
    data = value if isinstance(value, bytes) else value.to_bytes(width, "little")
    return table([(t, w, c, data if t == tag else d) for t, w, c, d in fields(body)])


def honest(source, destination):
    """Both directions with READY and COMMIT claiming the sums of what the source now sends; unchanged if the reader
    refuses that anyway."""
    try:
        heard = Conversation(source, destination, claims=False).run()
    except Refused:
        return source, destination
    if heard.digest is None:
        return source, destination
    out = []
    for stream in (source, destination):
        parts = []
        for kind, body in split(stream):
            if kind == NUMBERS["READY"]:
                body = with_field(body, "READY", "digest", heard.digest)
                body = with_field(body, "READY", "memory_hash", heard.memory_hash)
            elif kind == NUMBERS["COMMIT"]:
                body = with_field(body, "COMMIT", "digest", heard.digest)
            parts.append((kind, body))
        out.append(join(parts, attempt_of(stream)))
    return out[0], out[1]


class Judge:
    """wiretool judge: a real destination hears the source, or a real source the destination."""

    def __init__(self, tool):
        self.process = subprocess.Popen([tool, "judge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def verdict(self, changed, source, destination):
        """(complete, digest, hash, sentence) when side @changed is played to the real other side."""
        self.process.stdin.write(struct.pack("<3I", changed, len(source), len(destination)) + source + destination)
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode("ascii", "replace")
        if not line:
            raise RuntimeError("wiretool ended")
        word, digest, memory_hash, why = line.rstrip("\n").split(" ", 3)
        return word == "complete", int(digest, 16), int(memory_hash, 16), why

    def end(self):
        self.process.stdin.close()
        return self.process.wait()
