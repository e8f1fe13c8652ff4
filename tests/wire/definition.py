# SPDX-License-Identifier: MIT
"""Section 7 of docs/wire/protocol.md: what the guest is started from, named by S and sent as far as D lacks it."""
import hashlib
import struct

from refused import Refused

CAPABILITY_DEFINITION = 1 << 8
HEAD = struct.Struct("<IIQ")
NAMES = ("kernel", "initrd")


class Definition:
    """Of one connection. What an earlier one brought is not known here: D's first WANT says it."""

    def __init__(self, fields, memory_bytes):
        self.bytes = [fields[name + "_bytes"] for name in NAMES]
        self.sums = [fields[name + "_sha256"] for name in NAMES]
        if not self.bytes[0] or sum(self.bytes) > memory_bytes:
            raise Refused("definition", "kernel and initrd of %d and %d bytes in %d of memory" % (*self.bytes, memory_bytes))
        if b"\0" not in fields["cmdline"]:
            raise Refused("definition", "the command line has no end")
        self.cmdline = fields["cmdline"].split(b"\0")[0]
        self.at, self.start, self.content, self.over = [0, 0], None, [b"", b""], False

    def want(self, fields):
        """D's first answer, the one after the last byte, or its refusal at any time."""
        have = [fields[name + "_from"] for name in NAMES]
        if self.over or any(h > b for h, b in zip(have, self.bytes)):
            raise Refused("definition", "WANT speaks of %s bytes, there are %s" % (have, self.bytes))
        self.over = not fields["taken"] or have == self.bytes
        if self.start is None:
            self.start, self.at = have, list(have)
        elif fields["taken"] and have != self.bytes:
            raise Refused("definition", "WANT comes twice")

    def blob(self, body, heard):
        """@heard: D's answers are known, so that its WANT must have come."""
        if len(body) <= HEAD.size:
            raise Refused("definition", "an empty BLOB")
        which, zero, offset = HEAD.unpack_from(body)
        if zero or which not in (1, 2):
            raise Refused("definition", "BLOB of %d, zero is %d" % (which, zero))
        n, data = which - 1, body[HEAD.size:]
        if self.start is None and not heard:
            self.start = self.at = [0, 0]
        if self.start is None or offset != self.at[n] or offset + len(data) > self.bytes[n]:
            raise Refused("definition", "BLOB of %s at %d, %d must come of %d" % (NAMES[n], offset, self.at[n], self.bytes[n]))
        self.at[n] += len(data)
        self.content[n] += data
        if self.at[n] == self.bytes[n] and not self.start[n] and hashlib.sha256(self.content[n]).digest() != self.sums[n]:
            raise Refused("definition", "the %s is not what its SHA-256 says" % NAMES[n])

    def complete(self):
        return self.at == self.bytes
