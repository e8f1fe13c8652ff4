# SPDX-License-Identifier: MIT
"""OVMF's variables (EDK II's authenticated variable store at the begin of its flash): to read, to add, to fill up; and those that a
Bochs, which has no flash, takes along when its power fails."""
import re
import struct
import uuid

from . import LabError

VOLUME_BYTES = 128 << 10
PAGE = 4096
BIGGEST_ROM = 4 << 20
VOLUME_GUID = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50").bytes_le
VOLUME_SIGNATURE = b"_FVH"
STORE_GUID = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
HEAD = struct.Struct("<HBBIQ16sIII16s")  # start id, state, -, attributes, count, time, key index, name, data, vendor
START_ID, ADDED, BEING_REPLACED = 0x55AA, 0x3F, 0x3E
TERN = uuid.UUID("7e51cf0a-3b7d-4c59-9a4e-d1160e57b283")
ATTRIBUTES = 7  # non-volatile, boot services, run time


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Store:
    def __init__(self, path, data=None):
        self.path, self.data = path, bytearray(read(path) if data is None else data)
        volume_head = struct.unpack_from("<H", self.data, 48)[0]
        if self.data[40:44] != VOLUME_SIGNATURE or self.data[volume_head:volume_head + 16] != STORE_GUID:
            raise LabError(f"{path} does not begin with a store of variables")
        self.begin = volume_head + 28
        self.end = volume_head + struct.unpack_from("<I", self.data, volume_head + 16)[0]

    def entries(self):
        """(offset, state, attributes, name, vendor, content) of each, deleted ones too."""
        at = self.begin
        while at + HEAD.size < self.end:
            start, state, _, attributes, _, _, _, name, size, vendor = HEAD.unpack_from(self.data, at)
            if start != START_ID:
                break
            body = at + HEAD.size
            text = bytes(self.data[body:body + name]).decode("utf-16-le").rstrip("\0")
            content = bytes(self.data[body + name:body + name + size])
            yield at, state, attributes, text, uuid.UUID(bytes_le=vendor), content
            at = (body + name + size + 3) & ~3
        self.free = at

    def variables(self, vendor=TERN):
        """{name: (attributes, content)} of those that are there."""
        return {name: (attributes, content) for _, state, attributes, name, v, content in self.entries()
                if state == ADDED and v == vendor}

    def left(self):
        for _ in self.entries():
            pass
        return self.end - self.free

    def add(self, name, content, vendor=TERN, attributes=ATTRIBUTES):
        self.left()
        wide = name.encode("utf-16-le") + b"\0\0"
        raw = HEAD.pack(START_ID, ADDED, 0, attributes, 0, bytes(16), 0, len(wide), len(content), vendor.bytes_le) + wide + content
        assert len(raw) <= self.end - self.free, "room for one more variable"
        self.data[self.free:self.free + len(raw)] = raw

    def compact(self):
        """Drops what is deleted, as the firmware does at a start. What was being replaced counts unless its successor is there."""
        seen = list(self.entries())
        whole = {(name, vendor) for _, state, _, name, vendor, _ in seen if state == ADDED}
        kept = [e for e in seen if e[1] == ADDED or e[1] == BEING_REPLACED and (e[3], e[4]) not in whole]
        self.data[self.begin:self.end] = b"\xff" * (self.end - self.begin)
        for _, _, attributes, name, vendor, content in kept:
            self.add(name, content, vendor, attributes)

    def fill(self, leave):
        """Another vendor's variables take all but so many bytes."""
        self.compact()
        n = 0
        while self.left() > leave + 200:
            self.add(f"Fill{n}", b"\x5a" * min(900, self.left() - leave - HEAD.size - 20), uuid.UUID(int=n + 1))
            n += 1

    def save(self):
        """In place: what follows the store in a longer file stays."""
        with open(self.path, "r+b") as f:
            f.write(self.data)


# --- Bochs ---------------------------------------------------------------------------------------------


def stores_in(data):
    """The stores at page borders, but for the pristine one of a ROM, which the firmware's program follows."""
    at = data.find(VOLUME_GUID)
    while at >= 0:
        begin, end = at - 16, at - 16 + VOLUME_BYTES
        if begin % PAGE == 0 and data[begin + 40:begin + 44] == VOLUME_SIGNATURE and data[end + 40:end + 44] != VOLUME_SIGNATURE:
            yield data[begin:end]
        at = data.find(VOLUME_GUID, at + 1)


def take_along(pid, path):
    """From the memory of a process that is stopped to the file of its ROM, in the shape in which OVMF takes it from there."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            begin, end = (int(x, 16) for x in m.groups()) if m else (0, 0)
            if end - begin > 2 * BIGGEST_ROM:
                memory.seek(begin)
                found += stores_in(memory.read(end - begin))
    if len(found) > 1:
        raise LabError(f"process {pid} has {len(found)} stores of variables in its memory; expected one")
    for data in found:  # none: the firmware was not that far yet
        store = Store(path, data)
        store.compact()
        store.save()
