# SPDX-License-Identifier: MIT
"""The guest program on this machine: its ticks are paced, and its checksum is what the station computes."""
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../tools/demo"))
sys.dont_write_bytecode = True

from demolib.guestsum import GuestSum  # noqa: E402
from demolib.ticks import Reader  # noqa: E402

WRITER = os.path.realpath(sys.argv.pop(1) if len(sys.argv) > 1 else os.path.join(HERE, "../../../build/demo/writer"))


def run(*words):
    out = subprocess.run([WRITER, *words], check=True, capture_output=True, text=True, timeout=60).stdout
    reader = Reader()
    for line in out.splitlines():
        reader.add({"host": "here", "wall": 0.0, "line": line})
    return reader, out


class Guest(unittest.TestCase):
    def test_the_checksum_is_what_the_station_computes(self):
        reader, _ = run("tern.region=1M", "tern.rate=9000", "tern.tick_ms=20", "tern.ticks=50", "tern.sweep_ticks=3")
        sums = GuestSum(reader.start["pages"])
        self.assertEqual([t.number for t in reader.ticks], list(range(1, 51)))
        self.assertEqual([sums.at(t.writes) for t in reader.ticks], [t.sum for t in reader.ticks])
        self.assertEqual({t.bad for t in reader.ticks}, {0})
        self.assertEqual(reader.ticks[-1].writes, 9000)

    def test_ticks_keep_their_pace(self):
        reader, _ = run("tern.region=64K", "tern.rate=10", "tern.tick_ms=50", "tern.ticks=20")
        took = (reader.ticks[-1].time_ns - reader.ticks[0].time_ns) / 1e6
        self.assertLess(abs(took - 19 * 50), 100)

    def test_a_setting_that_makes_no_sense_is_named_and_left(self):
        reader, out = run("tern.region=x", "tern.rate=-1", "tern.ticks=1", "tern.tick_ms=10")
        self.assertIn("tern.region=x: expected", out)
        self.assertIn("tern.rate=-1: expected", out)
        self.assertEqual(reader.start["pages"], 4096)


if __name__ == "__main__":
    unittest.main()
