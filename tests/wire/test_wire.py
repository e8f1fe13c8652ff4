#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""The reader against the real code. usage: test_wire.py WIRETOOL FOLDER

Records migrations into FOLDER, reads them, changes them in every way that a broken link or a lying peer may, and
compares the reader's verdict with that of the real code. Ends with "N passed, N failed"."""
import json
import os
import random
import re
import struct
import subprocess
import sys
import time

import zstandard

import mutate
from conversation import Conversation
from memory import BATCH, DELTA, LZ4, DEDUP
from mutate import DESTINATION, SOURCE, attempt_of, borders, fields, honest, join, split, table, with_field
from records import NUMBERS, TABLES, TYPES
from refused import Refused
from sums import crc32c, lz4_block, xxh64

GOLDEN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "golden", "stream_v1")
DAMAGE = {"crc", "length", "cap", "cut"}
BIG = 300           # bodies up to this many bytes are damaged byte by byte, of others every 61st
# What a correct peer never sends and a real source need not notice, since nothing depends on it.
STRICTER = (
    (r"record 7 twice of D|sealed: record 7 \(type 16\) twice of D", "S has closed after the first ANSWER"),
    (r"sealed: record 4 \(type 7\) (lost|moved to 7) of D", "READY says more than the final ROUND_ACK"),
    (r"sealed: ANSWER.state = 1 of D", "S has nothing left to decide after DONE"),
)
# Sentences of the machine about its own state records, which are opaque to the reader.
# Refusals for which the live destination gave other answers than the recorded one, but was right to load.
ABOUT_ANSWERS = re.compile(r"^(digest|hash) |^\w+ D answers |^answer (READY and OFFER|D reports) ")
MACHINE = re.compile(r"^wire_(cpu|blob)|^the state image ")
OUTCOMES = {"idle": "moved", "busy": "moved", "state": "moved", "plain": "moved", "images": "moved", "still": "moved", "check": "accepted",
            "reject": "rejected", "abort": "aborted", "cancel": "aborted",
            "settle": "settled", "unsure": "settled", "giveup": "aborted",
            "claim": "released", "locate": "runs"}


def load(name):
    with open(name, "rb") as f:
        return f.read()


class Suite:
    def __init__(self, tool, folder):
        self.tool, self.folder, self.judge = tool, folder, mutate.Judge(tool)
        self.streams, self.cases, self.wrong, self.random = {}, 0, [], random.Random(20)

    # --- one case --------------------------------------------------------------------------------------

    def read(self, source, destination):
        """(complete, digest, hash, rule and sentence) by the reader."""
        try:
            heard = Conversation(source, destination).run()
        except Refused as e:
            return False, 0, 0, (e.rule, str(e))
        return heard.outcome == "moved", heard.digest, heard.memory_hash, (heard.outcome, heard.why or "")

    def case(self, name, side, source, destination, expect=None, rules=None):
        """Both must agree about @source and @destination, of which @side was changed, and about the sums."""
        self.cases += 1
        mine = self.read(source, destination)
        real = self.judge.verdict(side, source, destination)
        stricter = next((why for pattern, why in STRICTER if re.fullmatch(pattern, name)), None)
        if stricter:
            # Should the real code become as strict, the row of STRICTER has to go.
            if mine[0] or not real[0] and not real[3].startswith("READY differs"):
                self.wrong.append("%s: reader %s, real code %s, although %s" % (name, mine, real, stricter))
        elif mine[0] and not real[0] and MACHINE.search(real[3]) and "sealed: STATE " in name:
            return
        elif mine[0] != real[0] or expect is not None and mine[0] != expect:
            self.wrong.append("%s: reader %s, real code %s" % (name, mine, real))
        elif mine[0] and mine[1:3] != real[1:3]:
            self.wrong.append("%s: reader %016x %016x, real code %016x %016x" % (name, *mine[1:3], *real[1:3]))
        elif real[3].startswith("READY differs") and not ABOUT_ANSWERS.match(" ".join(mine[3])):
            self.wrong.append("%s: the real code loads what the reader refuses: %s" % (name, mine[3]))
        elif rules and mine[3][0] not in rules:
            self.wrong.append("%s: refused for %s" % (name, mine[3]))

    def changed(self, name, side, stream, **more):
        """The idle recording with @side replaced."""
        both = list(self.streams["idle"])
        both[side] = stream
        self.case("%s of %s" % (name, "SD"[side]), side, both[0], both[1], **more)

    def rebuilt(self, name, side, parts, **more):
        """As changed, from parts; what the source changed, its sums (and the recorded READY) take into account."""
        both = list(self.streams["idle"])
        both[side] = join(parts, attempt_of(both[side]))
        if side == SOURCE:
            both = honest(*both)
        self.case("%s of %s" % (name, "SD"[side]), side, both[0], both[1], **more)

    def sides(self):
        for side in (SOURCE, DESTINATION):
            yield side, self.streams["idle"][side], split(self.streams["idle"][side])

    # --- tests -----------------------------------------------------------------------------------------

    def test_sums_give_the_published_values(self):
        self.cases += 5
        for name, have, want in (("crc32c", crc32c(b"123456789"), 0xE3069283), ("xxh64", xxh64(b""), 0xEF46DB3751D8E999),
                                 ("xxh64", xxh64(b"a"), 0xD24EC4F1A98C6E5B),
                                 ("xxh64", xxh64(b"abc"), 0x44BC2CF5AD770999),
                                 ("crc32c", crc32c(bytes(32)), 0x8A9136AA)):
            if have != want:
                self.wrong.append("%s: %x, not %x" % (name, have, want))

    def test_recordings_are_read_and_memory_is_the_guests(self):
        subprocess.run([self.tool, "record", self.folder], check=True)
        for scene, outcome in OUTCOMES.items():
            both = [load("%s/%s.%s" % (self.folder, scene, side)) for side in ("source", "destination")]
            self.streams[scene] = both
            self.cases += 1
            heard = Conversation(*both).run()
            if heard.outcome != outcome:
                self.wrong.append("%s: %s, not %s" % (scene, heard.outcome, outcome))
            if outcome != "moved":
                continue
            with open("%s/%s.read" % (self.folder, scene), "wb") as f:
                heard.memory.write(f)
            if load("%s/%s.read" % (self.folder, scene)) != load("%s/%s.memory" % (self.folder, scene)):
                self.wrong.append("%s: the memory that was read is not the guest's" % scene)
            alone = Conversation(both[0]).run()
            if (alone.digest, alone.memory_hash) != (heard.digest, heard.memory_hash):
                self.wrong.append("%s: one direction alone gives other sums" % scene)

    def test_resumed_recordings_are_read_and_memory_is_the_guests(self):
        """A migration over two connections, the first of which was cut."""
        first, second = ([load("%s/%s.%s" % (self.folder, scene, side)) for side in ("source", "destination")]
                         for scene in ("cut", "resume"))
        heard = Conversation(*second, before=Conversation(*first).run_until_cut()).run()
        resumed = next(r for r in heard.spoken["D"] if r.name == "RESUMED").fields()["records"]
        if heard.outcome != "moved" or not 0 < resumed < len(heard.pages) or heard.round < 4:
            self.wrong.append("%s after %d records of %d" % (heard.outcome, resumed, len(heard.pages)))
        with open(self.folder + "/resume.read", "wb") as f:
            heard.memory.write(f)
        if load(self.folder + "/resume.read") != load(self.folder + "/resume.memory"):
            self.wrong.append("the memory that was read is not the guest's")
        self.cases += 1
        parts = split(second[1])
        n = next(n for n, (kind, _) in enumerate(parts) if kind == NUMBERS["RESUMED"])
        for value in (0, resumed - 1, resumed + 1, len(heard.pages) + 1, 1 << 63):
            changed = parts[:n] + [(parts[n][0], with_field(parts[n][1], "RESUMED", "records", value))] + parts[n + 1:]
            self.not_resumed("RESUMED.records = %d" % value, first, second[0], join(changed, attempt_of(second[1])))
        parts = split(second[0])
        n = next(n for n, (kind, _) in enumerate(parts) if kind == NUMBERS["RESUME"])
        for value in (0, 1, 2, 4, 1 << 31):
            changed = parts[:n] + [(parts[n][0], with_field(parts[n][1], "RESUME", "round", value))] + parts[n + 1:]
            self.not_resumed("RESUME.round = %d" % value, first, join(changed, attempt_of(second[0])), second[1])
        for name, changed in (("lost", parts[:n] + parts[n + 1:]), ("twice", parts[:n + 1] + parts[n:])):
            self.not_resumed("RESUME " + name, first, join(changed, attempt_of(second[0])), second[1])
        other = bytes(15) + b"x"
        self.not_resumed("another attempt", first, join(parts, other), join(split(second[1]), other))
        self.not_resumed("nothing before", None, *second)

    def test_a_destination_that_asks_back_is_read_and_its_words_are_checked(self):
        first, second = ([load("%s/%s.%s" % (self.folder, scene, side)) for side in ("source", "destination")]
                         for scene in ("lost", "inquire"))
        self.cases += 1
        heard = Conversation(*second, before=Conversation(*first).run_until_cut()).run()
        if heard.outcome != "never" or heard.attempt != attempt_of(first[0]):
            self.wrong.append("asked back: %s, not never" % heard.outcome)
        for side, kind, field, value in ((0, "HELLO", "proof", bytes(16)), (1, "VERDICT", "word", bytes(16)), (1, "VERDICT", "state", 1),
                                         (1, "VERDICT", "state", 3), (0, "HELLO", "purpose", 4)):
            parts = split(second[side])
            n = next(n for n, (number, _) in enumerate(parts) if number == NUMBERS[kind])
            changed = parts[:n] + [(parts[n][0], with_field(parts[n][1], kind, field, value))] + parts[n + 1:]
            both = list(second)
            both[side] = join(changed, attempt_of(second[side]))
            self.not_resumed("asked back, %s.%s" % (kind, field), first, *both)
        parts = split(second[1])
        self.not_resumed("asked back without VERDICT", first, second[0], join(parts[:1], attempt_of(second[1])))

    def not_resumed(self, name, first, source, destination):
        self.cases += 1
        try:
            Conversation(source, destination, before=first and Conversation(*first).run_until_cut()).run()
            self.wrong.append("%s: it is taken" % name)
        except Refused:
            pass

    def test_what_a_guest_is_started_from_is_read_and_checked(self):
        source, destination = self.streams["images"]
        heard = Conversation(source, destination).run()
        told = heard.summary()["definition"]
        if told != {"cmdline": "console=ttyS0", "bytes": [100000, 1000], "sent": [100000, 1000]}:
            self.wrong.append("definition: %s" % told)
        parts = split(source)
        blobs = [n for n, (kind, _) in enumerate(parts) if kind == NUMBERS["BLOB"]]
        first = next(n for n, (kind, _) in enumerate(parts) if kind == NUMBERS["DEFINITION"])
        byte = bytearray(parts[blobs[0]][1])
        byte[500] ^= 1
        where = bytearray(parts[blobs[0]][1])
        where[8] ^= 1
        changes = {"a byte": parts[:blobs[0]] + [(parts[blobs[0]][0], bytes(byte))] + parts[blobs[0] + 1:],
                   "an offset": parts[:blobs[0]] + [(parts[blobs[0]][0], bytes(where))] + parts[blobs[0] + 1:],
                   "twice": parts[:blobs[0] + 1] + parts[blobs[0]:],
                   "DEFINITION twice": parts[:first + 1] + parts[first:],
                   "DEFINITION lost": parts[:first] + parts[first + 1:]}
        for field, value in (("kernel_bytes", 0), ("kernel_bytes", 99999), ("initrd_bytes", 1 << 63), ("kernel_sha256", None)):
            body = with_field(parts[first][1], "DEFINITION", field, value) if value is not None else \
                parts[first][1].replace(heard.definition.sums[0], bytes(32))
            changes["%s = %s" % (field, value)] = parts[:first] + [(parts[first][0], body)] + parts[first + 1:]
        for name, changed in changes.items():
            self.cases += 1
            try:
                Conversation(join(changed, attempt_of(source)), destination).run()
                self.wrong.append("images with %s: it is taken" % name)
            except Refused as e:
                if e.rule not in ("definition", "order", "answer", "cut"):
                    self.wrong.append("images with %s: %s" % (name, e))

    def test_real_sides_accept_the_recordings(self):
        for scene in ("idle", "busy", "state", "still"):
            self.case(scene, SOURCE, *self.streams[scene], expect=True)
        self.case("idle", DESTINATION, *self.streams["idle"], expect=True)

    def test_golden_recording_says_what_it_said(self):
        self.cases += 1
        heard = Conversation(load(GOLDEN + ".source"), load(GOLDEN + ".destination")).run()
        summary = json.loads(load(GOLDEN + ".json"))
        for key, value in heard.summary().items():
            if summary.get(key) != value:
                self.wrong.append("%s: %s, not %s" % (key, value, summary.get(key)))

    def test_damaged_bytes_are_refused(self):
        for side, stream, parts in self.sides():
            at = borders(stream)
            for n, (kind, body) in enumerate(parts):
                for byte in range(32 + len(body)):
                    if byte >= 32 and len(body) > BIG and (byte - 32) % 61 and byte > 32 + 40:
                        continue
                    bad = bytearray(stream)
                    bad[at[n] + byte] ^= 1 << byte % 8
                    self.changed("byte %d of record %d (type %d)" % (byte, n, kind), side, bytes(bad), expect=False,
                                 rules=DAMAGE)

    def test_truncations_are_refused(self):
        for side, stream, parts in self.sides():
            at = borders(stream)
            places = set(at[:-1])
            for n, (_, body) in enumerate(parts):
                places |= {at[n] + 1, at[n] + 16, at[n] + 31}
                if body:
                    places |= {at[n] + 32, at[n] + 33, at[n] + 32 + len(body) // 2}
                places.add(at[n + 1] - 1)
            for place in sorted(places):
                self.changed("end at %d" % place, side, stream[:place], expect=False, rules={"cut"})

    def test_raw_reordering_and_repetition_are_refused(self):
        for side, stream, parts in self.sides():
            at = borders(stream)
            pieces = [stream[a:b] for a, b in zip(at, at[1:])]
            for n in range(len(parts)):
                rules = {"sequence", "order"}
                self.changed("record %d twice" % n, side, b"".join(pieces[:n + 1] + pieces[n:]), expect=False, rules=rules)
                self.changed("record %d lost" % n, side, b"".join(pieces[:n] + pieces[n + 1:]), expect=False,
                             rules=rules | {"cut"})
                if n:
                    swapped = pieces[:n - 1] + [pieces[n], pieces[n - 1]] + pieces[n + 1:]
                    self.changed("records %d and %d exchanged" % (n - 1, n), side, b"".join(swapped), expect=False,
                                 rules=rules)

    def test_sealed_reordering_is_judged_alike(self):
        """The same with sequence numbers and sums made right again: only the order of things tells."""
        for side, _, parts in self.sides():
            for n, (kind, _) in enumerate(parts):
                name = "sealed: record %d (type %d)" % (n, kind)
                self.rebuilt(name + " twice", side, parts[:n + 1] + parts[n:])
                self.rebuilt(name + " lost", side, parts[:n] + parts[n + 1:])
                for to in range(n + 1, min(n + 4, len(parts))):
                    moved = parts[:n] + parts[n + 1:to + 1] + [parts[n]] + parts[to + 1:]
                    self.rebuilt(name + " moved to %d" % to, side, moved)

    def test_sealed_values_are_judged_alike(self):
        for side, _, parts in self.sides():
            for n, (kind, body) in enumerate(parts):
                for _, (field, width, count, maximum) in TABLES.get(TYPES[kind][0], {}).items():
                    self.values(side, parts, n, field, width if count == 1 else 0, maximum)
                if kind in (NUMBERS["HELLO"], NUMBERS["READY"], NUMBERS["ROUND_END"]):
                    self.shapes(side, parts, n)

    def values(self, side, parts, n, field, width, maximum):
        kind, body = parts[n]
        name = TYPES[kind][0]
        # How long D takes steers S's policy, not the protocol.
        if not width or (name, field) in (("STATE_REPORT", "check_ns"), ("STATE_REPORT", "record_ns")):
            return
        old = next(int.from_bytes(d, "little") for t, _, _, d in fields(body) if TABLES[name][t][0] == field)
        top = (1 << 8 * width) - 1
        values = {0, 1, 2, 3, old + 1, old ^ 1, top, top >> 1, maximum or 0, (maximum or 0) + 1}
        if field == "memory_bytes":
            values = {0, 1, 4 << 20, (2 << 20) - 4096, (2 << 20) + 4096, (1 << 46) + (2 << 20)}
        for value in sorted(v for v in values if v <= top):
            changed = parts[:n] + [(kind, with_field(body, name, field, value))] + parts[n + 1:]
            self.rebuilt("sealed: %s.%s = %d" % (name, field, value), side, changed)

    def shapes(self, side, parts, n):
        """Fields in another order, twice, missing, of another width, unknown, unknown but optional."""
        kind, body = parts[n]
        rows, name = fields(body), TYPES[kind][0]
        strange = [("turned", rows[::-1], True), ("twice", rows + rows[:1], False), ("missing", rows[1:], False),
                   ("unknown", rows + [(77, 1, 3, b"abc")], False),
                   ("optional", [(0x8077, 1, 3, b"abc")] + rows + [(0x8077, 3, 1, b"abc")], True),
                   ("empty", [(0x8077, 9, 0, b"")] + rows, True),
                   ("width", [(rows[0][0], 1, 8, rows[0][3])] + rows[1:], False)]
        for what, changed, fine in strange:
            self.rebuilt("sealed: %s %s" % (name, what), side, parts[:n] + [(kind, table(changed))] + parts[n + 1:],
                         expect=fine)
        for cut in (1, 5, 6, 7, len(body) - 1):
            self.rebuilt("sealed: %s cut to %d" % (name, cut), side, parts[:n] + [(kind, body[:cut])] + parts[n + 1:],
                         expect=False, rules={"table"})

    def test_sealed_content_is_judged_alike(self):
        """PAGES and STATE with changed bytes, most of them where there is structure."""
        _, _, parts = next(self.sides())
        for n, (kind, body) in enumerate(parts):
            if kind not in (NUMBERS["PAGES"], NUMBERS["STATE"]):
                continue
            for _ in range(70 if kind == NUMBERS["PAGES"] else 40):
                bad = bytearray(body)
                for _ in range(self.random.choice((1, 1, 2))):
                    at = self.random.randrange(min(len(bad), self.random.choice((8, 24, 120, 4000))))
                    bad[at] = self.random.choice((0, 1, 255, bad[at] ^ 1 << at % 8, self.random.randrange(256)))
                self.rebuilt("sealed: %s %s" % (TYPES[kind][0], bytes(bad[:48]).hex()), SOURCE,
                             parts[:n] + [(kind, bytes(bad))] + parts[n + 1:])
            for size in (0, 4, 8, 15, 16, 17, len(body) - 1, len(body) + 1):
                changed = (body + b"\0")[:size]
                self.rebuilt("sealed: %s of %d bytes" % (TYPES[kind][0], size), SOURCE,
                             parts[:n] + [(kind, changed)] + parts[n + 1:])

    def with_page(self, name, encoding, data, page=100, count=1, **more):
        """One more entry, in a PAGES record of its own before the first round's end."""
        _, _, parts = next(self.sides())
        end = next(n for n, (kind, _) in enumerate(parts) if kind == NUMBERS["ROUND_END"])
        entry = struct.pack("<IIQIHH", 1, 1, page, count, encoding, len(data)) + data
        told = with_field(parts[end][1], "ROUND_END", "raw_pages",
                          next(int.from_bytes(d, "little") for t, _, _, d in fields(parts[end][1]) if t == 1) + count)
        self.rebuilt(name, SOURCE, parts[:end] + [(NUMBERS["PAGES"], entry), (parts[end][0], told)] + parts[end + 1:], **more)

    def test_references_are_judged_alike(self):
        memory = Conversation(*self.streams["idle"]).run().memory
        for other in (20, 16, 511, 1, 100, 512, 1 << 40, 1 << 63):
            base = xxh64(memory.content.get(other, bytes(4096))) & 0xFFFFFFFF
            for page in (100, 20):
                good = struct.pack("<QII", other, base, 0)
                self.with_page("reference to %#x" % other, DEDUP, good, page, expect=other < 512)
                for bit in range(64, 128):
                    bad = (int.from_bytes(good, "little") ^ 1 << bit).to_bytes(16, "little")
                    self.with_page("reference to %#x, bit %d" % (other, bit), DEDUP, bad, page, expect=False)
        for size in range(20):
            self.with_page("reference of %d bytes" % size, DEDUP, (good + good)[:size], expect=False)
        self.with_page("reference of 2 pages", DEDUP, good, 100, 2, expect=False)
        for page in (1, 100):
            nothing = struct.pack("<I", xxh64(bytes(4096)) & 0xFFFFFFFF)
            self.with_page("delta of a page never named", DELTA, nothing + b"\5\0\1\0x", page, expect=True)

    def test_batches_are_judged_alike(self):
        pages = b"".join(bytes([n, self.random.randrange(256), 7, 9]) * 512 + self.random.randbytes(32) * 64 for n in range(32))

        def packed(count, skips=b"", level=1, data=pages, **more):
            made = zstandard.ZstdCompressor(level=level, **{"write_content_size": True, "write_checksum": False, **more})
            return skips + made.compress(data[:count * 4096])

        for count in (1, 2, 15, 32):
            self.with_page("batch of %d" % count, BATCH, packed(count, bytes(2 * count - 2)), 100, count, expect=True)
        apart = struct.pack("<4H", 0, 7, 300, 90)
        good = packed(5, apart, 19)
        self.with_page("batch with skips", BATCH, good, 100, 5, expect=True)
        self.with_page("batch up to the last page", BATCH, good, 512 - 402, 5, expect=True)
        refused = {
            "33 pages": (packed(33, bytes(64), data=pages + pages), 33), "a page more": (good, 6), "a page less": (good, 4),
            "no size": (packed(5, apart, write_content_size=False), 5), "a checksum": (packed(5, apart, write_checksum=True), 5),
            "another size": (packed(6, apart), 5), "a second frame": (good + packed(1), 5), "bytes behind": (good + b"x", 5),
            "no frame": (apart, 5), "half a skip": (apart[:7], 5), "nothing": (b"", 1),
            "a skippable frame": (apart + b"\x50\x2a\x4d\x18\4\0\0\0abcd" + good[8:], 5),
            "a skippable frame only": (b"\x50\x2a\x4d\x18" + struct.pack("<I", 4096) + bytes(4096), 1),
        }
        for name, (data, count) in refused.items():
            self.with_page("batch with %s" % name, BATCH, data, 100, count, expect=False)
        self.with_page("batch past the end", BATCH, good, 512 - 401, 5, expect=False)
        self.with_page("batch past everything", BATCH, good, (1 << 64) - 3, 5, expect=False)
        for _ in range(300):
            bad = bytearray(self.random.choice((good, packed(2, bytes(2)), packed(1, level=3))))
            for _ in range(self.random.choice((1, 1, 2))):
                at = self.random.randrange(min(len(bad), self.random.choice((24, 60, 100000))))
                bad[at] = self.random.choice((0, 1, 255, bad[at] ^ 1 << at % 8, self.random.randrange(256)))
            self.with_page("batch %s" % bytes(bad[:40]).hex(), BATCH, bytes(bad), 100, self.random.choice((5, 5, 2, 1)))
        for size in range(0, len(good), 1 + len(good) // 60):
            self.with_page("batch cut to %d" % size, BATCH, good[:size], 100, 5, expect=False)

    def test_lz4_blocks_are_judged_alike(self):
        """Blocks made to go wrong."""
        ordinary = b"\x1fA\x01\x00" + b"\xff" * 15 + b"\xf0"
        blocks = [struct.pack("B", 0xF0) + b"\xff" * 15 + b"\xff" + bytes(4080), ordinary, b"\x10A", b"\0", b"\xf0",
                  b"\x1fA\2\0" + b"\xff" * 15 + b"\xf1" + b"\x50AAAAA"]
        good = []
        for last in range(1, 15):
            rest = 4096 - 1 - 4 - 15 - last
            block = b"\x1fA\1\0" + b"\xff" * (rest // 255) + bytes([rest % 255]) + bytes([last << 4]) + b"B" * last
            blocks.append(block)
            good.append(block)
        for last in range(5, 15):
            rest = 4096 - 1 - 4 - 15 - last
            for change in (-1, 1):
                blocks.append(b"\x1fA\1\0" + b"\xff" * (rest // 255) + bytes([rest % 255 + change]) +
                              bytes([last << 4]) + b"B" * last)
        for _ in range(250):
            block = bytearray(self.random.choice(good))
            for _ in range(self.random.choice((1, 2))):
                block[self.random.choice((0, 1, *range(4, len(block))))] = self.random.choice((0, 1, 2, 14, 15, 0x50, 255))
            blocks.append(bytes(block))
        blocks.append(good[8][:2] + bytes(2) + good[8][4:])
        for block in blocks:
            name = "LZ4 offset 0" if block == blocks[-1] else "LZ4 block %s" % block[:40].hex()
            self.with_page(name, LZ4, block)
        for block in good[4:]:
            if lz4_block(block, 4096)[:2] != b"AA":
                self.wrong.append("a good block is read wrongly")

    def test_unknown_records_are_skipped_or_refused(self):
        for side, _, parts in self.sides():
            for n in range(len(parts) + 1):
                for kind, fine in ((0x8001, True), (0xFFFF, True), (0x0064, False), (0x7FFF, False), (0, False)):
                    # After the last answer nobody listens any more.
                    if n == len(parts) and (not fine or side == DESTINATION):
                        continue
                    self.rebuilt("unknown type %#x before record %d" % (kind, n), side,
                                 parts[:n] + [(kind, b"some text")] + parts[n:], expect=fine,
                                 rules=None if fine else {"type"})

    def test_heartbeats_come_anywhere_but_first(self):
        _, _, parts = next(self.sides())
        for n in range(len(parts)):
            self.rebuilt("HEARTBEAT before record %d" % n, SOURCE, parts[:n] + [(NUMBERS["HEARTBEAT"], b"")] + parts[n:],
                         expect=n > 0, rules=None if n else {"order"})

    def test_versions_are_agreed_on_as_the_spec_says(self):
        for side, _, parts in self.sides():
            for lowest, highest, fine in ((1, 1, True), (1, 2, True), (0, 1, True), (1, 65535, True), (2, 3, False),
                                          (0, 0, False), (2, 1, False)):
                hello = with_field(parts[0][1], "HELLO", "version_min", lowest)
                hello = with_field(hello, "HELLO", "version_max", highest)
                self.rebuilt("versions %d to %d" % (lowest, highest), side, [(parts[0][0], hello)] + parts[1:],
                             expect=fine, rules=None if fine else {"version", "hello"})

    # --- all of them -----------------------------------------------------------------------------------

    def run(self):
        passed = failed = 0
        for name in [n for n in dir(type(self)) if n.startswith("test_recordings")] + \
                [n for n in dir(type(self)) if n.startswith("test_") and not n.startswith("test_recordings")]:
            self.cases, self.wrong, begun = 0, [], time.monotonic()
            try:
                getattr(self, name)()
            except (Refused, OSError, RuntimeError, subprocess.CalledProcessError) as e:
                self.wrong.append("%s: %s" % (type(e).__name__, e))
            if not self.cases:
                self.wrong.append("it tried nothing")
            passed, failed = passed + (not self.wrong), failed + bool(self.wrong)
            print("%s %s (%d cases, %.1f s)" % ("FAIL" if self.wrong else "ok  ", name[5:].replace("_", " "), self.cases,
                                                time.monotonic() - begun), flush=True)
            for line in self.wrong[:20]:
                print("    " + line[:600])
            if len(self.wrong) > 20:
                print("    and %d more" % (len(self.wrong) - 20))
        if self.judge.end():
            print("FAIL wiretool ended with an error")
            failed += 1
        print("%d passed, %d failed" % (passed, failed))
        return 1 if failed else 0


sys.exit(Suite(sys.argv[1], sys.argv[2]).run())
