# SPDX-License-Identifier: MIT
"""Sections 1 and 3 of docs/wire/protocol.md: records of one direction, and bodies that are tables."""
import struct

from refused import Refused
from sums import crc32c

HEADER = struct.Struct("<HHIII16s")
BODY_MAX = 65536
OPTIONAL = 0x8000

# number: (name, who may send it, cap)
TYPES = {
    1: ("HELLO", "SD", 1024), 2: ("OFFER", "S", 4096), 3: ("ACCEPT", "D", 256), 4: ("REJECT", "D", 4096),
    5: ("PAGES", "S", 65536), 6: ("ROUND_END", "S", 256), 7: ("ROUND_ACK", "D", 256), 8: ("STATE", "S", 65536),
    9: ("STATE_REPORT", "D", 512), 10: ("STOP", "S", 256), 11: ("READY", "D", 256), 12: ("COMMIT", "S", 256),
    13: ("RUNNING", "D", 256), 14: ("DONE", "S", 0), 15: ("QUERY", "S", 256), 16: ("ANSWER", "D", 256),
    17: ("REFUSED", "D", 512), 18: ("HEARTBEAT", "SD", 0), 19: ("ABORT", "SD", 512),
    20: ("RESUME", "S", 256), 21: ("RESUMED", "D", 256),
    22: ("DEFINITION", "S", 4096), 23: ("WANT", "D", 512), 24: ("BLOB", "S", 65536),
    25: ("VERDICT", "D", 512),      # S here is who opened the connection: of one that asks back, the attempt's D
    26: ("LOCATE", "S", 256), 27: ("LOCATED", "D", 1024),
}
NUMBERS = {name: number for number, (name, _, _) in TYPES.items()}

# name: {tag: (field, width, count, maximum)}
TABLES = {
    "HELLO": {1: ("magic", 8, 1, None), 2: ("capabilities", 8, 1, None), 3: ("version_min", 2, 1, None),
              4: ("version_max", 2, 1, None), 5: ("purpose", 1, 1, 6), 6: ("boot_id", 1, 16, None),
              7: ("uuid", 1, 16, None), 8: ("name", 1, 64, None), 0x8020: ("proof", 1, 16, None),
              0x802a: ("back", 1, 32, None), 0x802b: ("port", 2, 1, None)},
    "OFFER": {1: ("memory_bytes", 8, 1, 1 << 46), 2: ("flags", 4, 1, 3), 3: ("vcpus", 4, 1, 65535),
              4: ("tsc_khz", 4, 1, None), 5: ("cpu_policy_bytes", 4, 1, 1024), 6: ("inventory_bytes", 4, 1, 512),
              7: ("uuid", 1, 16, None), 8: ("name", 1, 32, None), 9: ("cpu_policy", 1, 1024, None),
              10: ("inventory", 1, 512, None), 0x800b: ("move_type", 2, 1, None)},
    "ACCEPT": {1: ("state_bytes", 8, 1, None), 0x8002: ("resume_grace_ms", 4, 1, 3600000)},
    "REJECT": {1: ("count", 4, 1, 12), 2: ("text", 1, 2400, None)},
    "ROUND_END": {1: ("raw_pages", 8, 1, None), 2: ("zero_pages", 8, 1, None), 3: ("round", 4, 1, None),
                  4: ("final", 4, 1, 1)},
    "ROUND_ACK": {1: ("round", 4, 1, None), 0x8002: ("load_ns", 8, 1, None)},
    "STATE_REPORT": {1: ("check_ns", 8, 1, None), 2: ("ok", 1, 1, 1), 3: ("text", 1, 200, None),
                     0x8004: ("hash_ns", 8, 1, None), 0x8005: ("record_ns", 8, 1, None)},
    "STOP": {1: ("round", 4, 1, None)},
    "READY": {1: ("digest", 8, 1, None), 2: ("memory_hash", 8, 1, None), 3: ("load_ns", 8, 1, None),
              4: ("verify_ns", 8, 1, None), 5: ("verified", 1, 1, 1)},
    "COMMIT": {1: ("digest", 8, 1, None), 2: ("stopped_ns", 8, 1, 1 << 62), 0x8003: ("turn_ns", 8, 1, None)},
    "RUNNING": {1: ("resume_ns", 8, 1, None), 0x8002: ("record_ns", 8, 1, None)},
    "QUERY": {1: ("digest", 8, 1, None)},
    "ANSWER": {1: ("state", 1, 1, 1)},
    "REFUSED": {1: ("text", 1, 200, None)},
    "ABORT": {1: ("text", 1, 200, None), 0x8022: ("cancelled", 1, 1, 1)},
    "RESUME": {1: ("round", 4, 1, None)},
    "RESUMED": {1: ("records", 8, 1, None)},
    "DEFINITION": {1: ("kernel_bytes", 8, 1, None), 2: ("initrd_bytes", 8, 1, None), 3: ("kernel_sha256", 1, 32, None),
                   4: ("initrd_sha256", 1, 32, None), 5: ("cmdline", 1, 2048, None)},
    "WANT": {1: ("kernel_from", 8, 1, None), 2: ("initrd_from", 8, 1, None), 3: ("taken", 1, 1, 1),
             4: ("text", 1, 200, None)},
    "VERDICT": {1: ("state", 1, 1, 2), 2: ("word", 1, 16, None), 3: ("text", 1, 200, None), 0x8004: ("cancelled", 1, 1, 1)},
    "LOCATE": {1: ("flags", 4, 1, 1), 2: ("uuid", 1, 16, None), 3: ("attempt", 1, 16, None), 4: ("proof", 1, 16, None),
               5: ("given", 4, 1, None)},
    "LOCATED": {1: ("ipv4", 4, 1, None), 2: ("port", 2, 1, None), 3: ("state", 1, 1, 7), 4: ("text", 1, 200, None),
                5: ("proof", 1, 16, None), 6: ("name", 1, 64, None), 7: ("peer_uuid", 1, 16, None), 8: ("attempt", 1, 16, None),
                9: ("own_proof", 1, 16, None), 10: ("peer_proof", 1, 16, None), 11: ("given", 4, 1, None)},
}


class Record:
    def __init__(self, at, number, header, body):
        self.at, self.number, self.header, self.body = at, number, header, body
        self.type, self.crc = header[0], header[4]
        self.name = TYPES[self.type][0] if self.type in TYPES else "type 0x%04x" % self.type

    def fields(self):
        """The body as a table: a dict of numbers (count 1) and bytes."""
        table, values, at, body = TABLES[self.name], {}, 0, self.body
        while at < len(body):
            if at + 6 > len(body):
                raise Refused("table", "%s ends inside a field's header" % self.name)
            tag, width, count = struct.unpack_from("<HHH", body, at)
            at += 6
            if tag not in table and not tag & OPTIONAL:
                raise Refused("table", "%s has the unknown field %d" % (self.name, tag))
            if tag in table and (width, count) != table[tag][1:3]:
                raise Refused("table", "%s.%s is %d x %d bytes" % (self.name, table[tag][0], count, width))
            if at + width * count > len(body):
                raise Refused("table", "%s ends inside field %d" % (self.name, tag))
            if tag in table:
                self.take(values, table[tag], body[at:at + width * count])
            at += width * count
        for tag, (field, _, _, _) in table.items():
            if field not in values and not tag & OPTIONAL:
                raise Refused("table", "%s.%s is missing" % (self.name, field))
        return values

    def take(self, values, row, data):
        field, width, count, maximum = row
        if field in values:
            raise Refused("table", "%s.%s comes twice" % (self.name, field))
        values[field] = int.from_bytes(data, "little") if count == 1 else data
        if maximum is not None and count == 1 and values[field] > maximum:
            raise Refused("value", "%s.%s is %d, over its maximum %d" % (self.name, field, values[field], maximum))


def text(data):
    """Text up to its first zero byte, made printable."""
    return "".join(c if c.isprintable() else "?" for c in data.split(b"\0")[0].decode("utf-8", "replace"))


def check(record, sender, attempt, where):
    """What section 1 wants of a whole record, in its order; @attempt is None for the connection's first."""
    kind, zero, length, sequence, crc, own_attempt = record.header
    plain = HEADER.pack(kind, zero, length, sequence, 0, own_attempt) + record.body
    if crc32c(plain) != crc:
        raise Refused("crc", "%s: the CRC32C is %08x, it should be %08x" % (where, crc, crc32c(plain)))
    if zero:
        raise Refused("zero", "%s: the header's zero is %d" % (where, zero))
    if sequence != record.number:
        raise Refused("sequence", "%s: sequence number %d" % (where, sequence))
    if attempt is not None and own_attempt != attempt:
        raise Refused("attempt", "%s: another attempt's id" % where)
    if kind not in TYPES and not kind & OPTIONAL:
        raise Refused("type", "%s: %s is unknown" % (where, record.name))
    if kind in TYPES and sender not in TYPES[kind][1]:
        raise Refused("order", "%s: %s does not come from %s" % (where, record.name, sender))


def records(data, sender):
    """Yields the checked records of one direction; optional ones that are unknown are left out."""
    at = number = 0
    attempt = None
    while at < len(data):
        where = "%s's record %d at byte %d" % (sender, number, at)
        if at + HEADER.size > len(data):
            raise Refused("cut", "%s: the recording ends inside its header" % where)
        header = HEADER.unpack_from(data, at)
        kind, length = header[0], header[2]
        if length > BODY_MAX:
            raise Refused("length", "%s: a body of %d bytes" % (where, length))
        if kind in TYPES and length > TYPES[kind][2]:
            raise Refused("cap", "%s: %s of %d bytes" % (where, TYPES[kind][0], length))
        if at + HEADER.size + length > len(data):
            raise Refused("cut", "%s: the recording ends inside its body" % where)
        record = Record(at, number, header, data[at + HEADER.size:at + HEADER.size + length])
        check(record, sender, attempt, where)
        attempt = header[5]
        at += HEADER.size + length
        number += 1
        if kind in TYPES:
            yield record
