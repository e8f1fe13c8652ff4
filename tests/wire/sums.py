# SPDX-License-Identifier: MIT
"""CRC32C, XXH64 and LZ4 blocks, each from its own public description, for the reader of migration streams."""
import functools
import struct

from refused import Refused

# --- CRC32C, RFC 3720 appendix B.4 ------------------------------------------------------------------------


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # 0x1EDC6F41 with its bits reversed
        table.append(value)
    return table


CRC_TABLE = crc_table()


@functools.lru_cache(maxsize=4096)
def crc32c(data):
    crc, table = 0xFFFFFFFF, CRC_TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


# --- XXH64 ------------------------------------------------------------------------------------------------

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def rotate(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def lane(acc, word):
    acc = (acc + word * P2) & MASK
    return (acc << 31 | acc >> 33) * P1 & MASK


def tail(acc, data, at):
    while at + 8 <= len(data):
        acc = (rotate(acc ^ lane(0, int.from_bytes(data[at:at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        acc = (rotate(acc ^ int.from_bytes(data[at:at + 4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        acc = rotate(acc ^ byte * P5 & MASK, 11) * P1 & MASK
    return acc


@functools.lru_cache(maxsize=4096)
def xxh64(data):
    """XXH64 of @data with seed 0."""
    stripes = len(data) // 32 * 32
    if stripes:
        a, b, c, d = (P1 + P2) & MASK, P2, 0, -P1 & MASK
        for w, x, y, z in struct.iter_unpack("<4Q", data[:stripes]):
            a, b, c, d = lane(a, w), lane(b, x), lane(c, y), lane(d, z)
        acc = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) & MASK
        for one in (a, b, c, d):
            acc = ((acc ^ lane(0, one)) * P1 + P4) & MASK
    else:
        acc = P5
    acc = tail((acc + len(data)) & MASK, data, stripes)
    acc = (acc ^ acc >> 33) * P2 & MASK
    acc = (acc ^ acc >> 29) * P3 & MASK
    return acc ^ acc >> 32


# --- LZ4 Block Format -------------------------------------------------------------------------------------


def lz4_length(block, at, nibble):
    """A length that began with @nibble; the format's extra bytes follow while they are 255."""
    if nibble < 15:
        return nibble, at
    while True:
        if at >= len(block):
            raise Refused("lz4", "an LZ4 block ends inside a length")
        nibble += block[at]
        at += 1
        if block[at - 1] != 255:
            return nibble, at


@functools.lru_cache(maxsize=4096)
def lz4_block(block, size):
    """The @size bytes that @block stands for; the format's end-of-block rules are enforced."""
    out, at = bytearray(), 0
    while True:
        if at >= len(block):
            raise Refused("lz4", "an LZ4 block ends without its last literals")
        token = block[at]
        literals, at = lz4_length(block, at + 1, token >> 4)
        if at + literals > len(block) or len(out) + literals > size:
            raise Refused("lz4", "an LZ4 block's literals pass its end")
        out += block[at:at + literals]
        at += literals
        if at == len(block):
            break
        if at + 2 > len(block):
            raise Refused("lz4", "an LZ4 block ends inside an offset")
        offset = block[at] | block[at + 1] << 8
        match, at = lz4_length(block, at + 2, token & 15)
        match += 4
        if not 0 < offset <= len(out):
            raise Refused("lz4", "an LZ4 block refers to what is not there: offset %d at %d" % (offset, len(out)))
        if len(out) > size - 12 or len(out) + match > size - 5:
            raise Refused("lz4", "an LZ4 block's last match comes too late")
        for _ in range(match):
            out.append(out[-offset])
    if len(out) != size:
        raise Refused("lz4", "an LZ4 block stands for %d bytes, not %d" % (len(out), size))
    return bytes(out)
