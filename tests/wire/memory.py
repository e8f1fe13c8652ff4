# SPDX-License-Identifier: MIT
"""Section 4 of docs/wire/protocol.md: pages into guest memory, parts into state images, and both sums."""
import struct

import zstandard

from refused import Refused
from sums import lz4_block, xxh64

PAGE = 4096
ZERO_PAGE = bytes(PAGE)
PAGES_MAX = 1024
ENCODINGS = ("zero", "raw", "lz4", "delta", "same", "batch")
ZERO, RAW, LZ4, DELTA, DEDUP, BATCH = range(6)
NEEDS = {DELTA: 1 << 0, BATCH: 1 << 2, DEDUP: 1 << 3}       # bits of HELLO
COUNT_MAX = {LZ4: 1, DELTA: 1, DEDUP: 1, BATCH: 32}
LENGTH_MAX = {LZ4: 4095, DELTA: 4095, DEDUP: 4095, BATCH: 65535}
WINDOW_MAX = 32 * PAGE


class Memory:
    """Guest memory as the stream tells it; pages never named are zero."""

    def __init__(self, size, capabilities=0):
        self.pages, self.content, self.capabilities = size // PAGE, {}, capabilities
        self.sent = {name: 0 for n, name in enumerate(ENCODINGS) if self.agreed(n)}

    def agreed(self, encoding):
        return encoding < len(ENCODINGS) and not NEEDS.get(encoding, 0) & ~self.capabilities

    def load(self, body, current_round):
        """One PAGES body: all of it is checked, then loaded. Returns pages with data and zero pages."""
        entries, data_pages, zero_pages = self.entries(body, current_round), 0, 0
        for page, count, encoding, data in entries:
            self.sent[ENCODINGS[encoding]] += count
            data_pages, zero_pages = data_pages + count * (encoding != ZERO), zero_pages + count * (encoding == ZERO)
            numbers, data = skipped(page, count, data) if encoding == BATCH else (range(page, page + count), data)
            if encoding == BATCH:
                data = frame(data, count)
            for n, number in enumerate(numbers):
                content = (ZERO_PAGE if encoding == ZERO else lz4_block(data, PAGE) if encoding == LZ4 else
                           self.changed(page, data) if encoding == DELTA else
                           self.other(data) if encoding == DEDUP else data[n * PAGE:(n + 1) * PAGE])
                if content == ZERO_PAGE:
                    self.content.pop(number, None)
                else:
                    self.content[number] = content
        return data_pages, zero_pages

    def entries(self, body, current_round):
        if len(body) < 8:
            raise Refused("pages", "PAGES of %d bytes" % len(body))
        number, count = struct.unpack_from("<II", body)
        at, found, named = 8, [], 0
        if number != current_round:
            raise Refused("round", "PAGES of round %d in round %d" % (number, current_round))
        for _ in range(count):
            if at + 16 > len(body):
                raise Refused("pages", "PAGES ends inside an entry")
            page, pages, encoding, length = struct.unpack_from("<QIHH", body, at)
            if not self.agreed(encoding):
                raise Refused("pages", "PAGES has encoding %d, which was not agreed on" % encoding)
            if not pages or page + pages > self.pages:
                raise Refused("pages", "PAGES names %d pages at %#x of %#x" % (pages, page, self.pages))
            if pages > COUNT_MAX.get(encoding, pages) or not (length == 0 if encoding < LZ4 else 1 <= length <= LENGTH_MAX[encoding]):
                raise Refused("pages", "PAGES: %d pages of encoding %d with length %d" % (pages, encoding, length))
            size = pages * PAGE if encoding == RAW else length
            at, named = at + 16 + size, named + pages
            if named > PAGES_MAX:
                raise Refused("pages", "PAGES names over %d pages" % PAGES_MAX)
            if at > len(body):
                raise Refused("pages", "PAGES ends inside the data of page %#x" % page)
            if encoding == DELTA:
                runs(body[at - size:at])
            if encoding == DEDUP and (size != 16 or reference(body[at - size:at])[0] >= self.pages or body[at - 4:at] != bytes(4)):
                raise Refused("pages", "PAGES has a malformed reference for page %#x" % page)
            if encoding == BATCH:
                numbers, data = skipped(page, pages, body[at - size:at])
                if numbers[-1] >= self.pages:
                    raise Refused("pages", "PAGES has a batch up to %#x of %#x" % (numbers[-1], self.pages))
                frame_head(data, pages)
            found.append((page, pages, encoding, body[at - size:at]))
        if at != len(body):
            raise Refused("pages", "PAGES has %d bytes after its last entry" % (len(body) - at))
        return found

    def changed(self, page, data):
        """The page that a delta makes of what is there; its first four bytes say what must be there."""
        old = self.content.get(page, ZERO_PAGE)
        if int.from_bytes(data[:4], "little") != xxh64(old) & 0xFFFFFFFF:
            raise Refused("pages", "PAGES has a delta against another version of page %#x" % page)
        new = bytearray(old)
        for at, run in runs(data):
            new[at:at + len(run)] = run
        return bytes(new)

    def other(self, data):
        """The page that a reference names, which must be what it says."""
        page, base = reference(data)
        if base != xxh64(self.content.get(page, ZERO_PAGE)) & 0xFFFFFFFF:
            raise Refused("pages", "PAGES has a reference to another version of page %#x" % page)
        return self.content.get(page, ZERO_PAGE)

    def hash(self):
        zero = xxh64(ZERO_PAGE)
        sums = (xxh64(self.content[n]) if n in self.content else zero for n in range(self.pages))
        return xxh64(b"".join(struct.pack("<Q", one) for one in sums))

    def write(self, out):
        for n in range(self.pages):
            out.write(self.content.get(n, ZERO_PAGE))


def runs(data):
    """(place in the page, bytes) of each run of a delta: {base u32}, then {skip u16, count u16, count bytes}."""
    at, place, found = 4, 0, []
    while at < len(data):
        skip, count = struct.unpack_from("<HH", data, at) if at + 4 <= len(data) else (0, 0)
        place, at = place + skip + count, at + 4 + count
        if not count or place > PAGE or at > len(data):
            raise Refused("pages", "PAGES has a malformed delta")
        found.append((place - count, data[at - count:at]))
    if len(data) < 4:
        raise Refused("pages", "PAGES has a delta of %d bytes" % len(data))
    return found


def skipped(page, count, data):
    """(numbers of the pages, the frame) of a batch."""
    if len(data) <= 2 * (count - 1):
        raise Refused("pages", "PAGES has a batch without a frame")
    numbers = [page]
    for (skip,) in struct.iter_unpack("<H", data[:2 * (count - 1)]):
        numbers.append(numbers[-1] + 1 + skip)
    return numbers, data[2 * (count - 1):]


def frame_head(data, count):
    """What a batch's frame must say of itself; skippable frames and other formats are none."""
    try:
        head = zstandard.get_frame_parameters(data)
    except zstandard.ZstdError as e:
        raise Refused("pages", "PAGES has a batch that begins with no frame: %s" % e) from e
    if data[:4] != b"\x28\xb5\x2f\xfd" or head.content_size != count * PAGE or head.window_size > WINDOW_MAX or \
            head.dict_id or head.has_checksum:
        raise Refused("pages", "PAGES has a batch with a frame of another kind or size")


def frame(data, count):
    """The bytes of a batch's pages."""
    decoder = zstandard.ZstdDecompressor().decompressobj()
    try:
        out = decoder.decompress(data)
    except zstandard.ZstdError as e:
        raise Refused("pages", "PAGES has a damaged batch: %s" % e) from e
    if not decoder.eof or decoder.unused_data or len(out) != count * PAGE:
        raise Refused("pages", "PAGES has a batch of %d bytes with %d bytes after its frame" % (len(out), len(decoder.unused_data)))
    return out


def reference(data):
    """(page, base) of {other u64, base u32, zero u32}."""
    return struct.unpack_from("<QI", data)


class Image:
    """A state image that comes in parts."""

    def __init__(self, limit):
        self.limit, self.flags, self.total, self.data = limit, None, None, b""

    def add(self, body):
        """Takes a STATE body; True: the image is complete."""
        if len(body) <= 16:
            raise Refused("state", "STATE of %d bytes carries nothing" % len(body))
        flags, total, offset, zero = struct.unpack_from("<4I", body)
        if flags > 1 or zero:
            raise Refused("state", "STATE has flags %#x and %d for zero" % (flags, zero))
        if self.total is None:
            if not 1 <= total <= self.limit:
                raise Refused("state", "a state image of %d bytes, granted were %d" % (total, self.limit))
            self.flags, self.total = flags, total
        if (flags, total, offset) != (self.flags, self.total, len(self.data)):
            raise Refused("state", "a STATE part at %d of %d does not follow %d of %d" %
                          (offset, total, len(self.data), self.total))
        self.data += body[16:]
        if len(self.data) > self.total:
            raise Refused("state", "STATE parts of %d bytes for an image of %d" % (len(self.data), self.total))
        return len(self.data) == self.total


def image_records(image):
    """The state records of a whole image: what is known of them without the machine that wrote them."""
    at, found = 0, []
    while at < len(image):
        if at + 12 > len(image):
            raise Refused("image", "the state image ends inside a record's header")
        kind, instance, version, zero, length = struct.unpack_from("<4HI", image, at)
        if zero:
            raise Refused("image", "state record 0x%04x has %d for zero" % (kind, zero))
        at += 12
        if at + length > len(image):
            raise Refused("image", "the state image ends inside record 0x%04x" % kind)
        found.append({"type": kind, "instance": instance, "version": version, "bytes": length,
                      "fields": field_tags(image[at:at + length], kind)})
        at += length
    return found


def field_tags(body, kind):
    at, tags = 0, []
    while at < len(body):
        if at + 6 > len(body):
            raise Refused("image", "state record 0x%04x ends inside a field's header" % kind)
        tag, width, count = struct.unpack_from("<3H", body, at)
        at += 6 + width * count
        if at > len(body):
            raise Refused("image", "state record 0x%04x ends inside field %d" % (kind, tag))
        tags.append(tag)
    return tags
