# SPDX-License-Identifier: MIT
"""The demo's report: a good recording holds, and each way to break it fails the claim that it breaks."""
import copy
import json
import os
import re
import sys
import unittest
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../../tools/demo")]
sys.dont_write_bytecode = True

from demolib import claims, figures, page  # noqa: E402
import sample  # noqa: E402

GOOD = sample.recording()


def report_of(recording):
    report, ticks = figures.compute(recording)
    report["claims"] = claims.decide(report, ticks, recording)
    return report


def failed(recording):
    return [c["name"] for c in report_of(recording)["claims"] if not c["held"]]


def broken():
    return copy.deepcopy(GOOD)


def tick_lines(recording, host=None):
    return [r for r in recording["console"] if "tick " in r["line"] and host in (None, r["host"])]


class Claims(unittest.TestCase):
    def fails(self, recording, words):
        names = failed(recording)
        self.assertTrue(any(words in n for n in names), f"{words!r} is not among {names}")

    def test_a_good_run_holds(self):
        self.assertEqual(failed(GOOD), [])

    def test_a_stale_page_counted_by_the_guest_fails(self):
        r = broken()
        tick_lines(r)[-1]["line"] = tick_lines(r)[-1]["line"].replace(" bad 0 ", " bad 1 ")
        self.fails(r, "read back")

    def test_a_wrong_checksum_fails(self):
        r = broken()
        line = tick_lines(r)[200]
        line["line"] = re.sub(r"sum [0-9a-f]{15}(.)", lambda m: m[0][:-1] + ("0" if m[1] != "0" else "1"), line["line"])
        self.fails(r, "checksum")

    def test_another_boot_fails(self):
        r = broken()
        for line in tick_lines(r, "lab-b"):
            line["line"] = line["line"].replace(sample.BOOT, sample.BOOT[::-1])
        self.fails(r, "same boot")
        self.fails(r, "not restarted")

    def test_guest_time_going_back_fails(self):
        r = broken()
        line = tick_lines(r, "lab-b")[0]
        line["line"] = re.sub(r"time \d+", "time 1", line["line"])
        self.fails(r, "never went back")

    def test_a_lost_tick_fails(self):
        r = broken()
        r["console"].remove(tick_lines(r)[100])
        self.fails(r, "no tick was lost")

    def test_a_guest_that_runs_on_at_the_source_fails(self):
        r = broken()
        last = tick_lines(r, "lab-a")[60]
        again = dict(tick_lines(r, "lab-b")[5])
        again["line"] = re.sub(r"time (\d+)", lambda m: f"time {int(m[1]) + 1000}", again["line"])
        r["console"].append({**again, "host": last["host"]})
        self.fails(r, "one host at a time")

    def test_different_hashes_fail(self):
        r = broken()
        r["migrations"][1]["job"]["MemoryHashDestination"] = "ff"
        self.fails(r, "migration 2 (lab-b to lab-a) left equal memory")

    def test_missing_hashes_fail(self):
        r = broken()
        r["migrations"][0]["job"]["MemoryHashSource"] = r["migrations"][0]["job"]["MemoryHashDestination"] = None
        self.fails(r, "migration 1 (lab-a to lab-b) left equal memory")

    def test_a_failed_job_fails(self):
        r = broken()
        r["migrations"][0]["job"]["JobState"] = 10
        self.fails(r, "completed")

    def test_a_false_without_a_reason_fails(self):
        r = broken()
        r["checks"][1]["answer"]["reasons"] = []
        self.fails(r, "can't move")

    def test_a_missing_migration_fails(self):
        r = broken()
        del r["migrations"][1]
        self.fails(r, "all migrations were tried")

    def test_a_panic_fails(self):
        r = broken()
        r["host_panics"]["lab-b"] = ["PANIC: it"]
        self.fails(r, "lab-b had no panic")

    def test_nothing_recorded_fails(self):
        r = broken()
        r.update(console=[], migrations=[], checks=[], events=[])
        self.assertGreater(len(failed(r)), 5)


class Consoles(unittest.TestCase):
    def test_a_line_cut_by_the_move_is_put_together(self):
        r = broken()
        i = r["console"].index(tick_lines(r, "lab-b")[0]) - 1
        whole = r["console"][i]
        head, tail = whole["line"][:30], whole["line"][30:]
        r["console"][i:i + 1] = [{**whole, "line": head, "partial": True}, {**whole, "host": "lab-b", "line": tail}]
        report = report_of(r)
        self.assertEqual([c["name"] for c in report["claims"] if not c["held"]], [])
        self.assertEqual(report["ticks"]["torn_lines"], 1)

    def test_a_cut_line_that_the_host_ended_is_put_together_too(self):
        r = broken()
        i = r["console"].index(tick_lines(r, "lab-b")[0]) - 1
        whole = r["console"][i]
        r["console"][i:i + 1] = [{**whole, "line": whole["line"][:70]},
                                 {**whole, "line": "[tern: the VM is no longer here]"},
                                 {**whole, "line": "[tern: there is no VM named web1 here]"},
                                 {**whole, "host": "lab-b", "line": whole["line"][70:]}]
        report = report_of(r)
        self.assertEqual([c["name"] for c in report["claims"] if not c["held"]], [])
        self.assertEqual(report["ticks"]["torn_lines"], 1)

    def test_a_cut_line_whose_end_is_heard_first_is_put_together_too(self):
        r = broken()
        i = r["console"].index(tick_lines(r, "lab-b")[0]) - 1
        whole = r["console"][i]
        r["console"][i:i + 1] = [{**whole, "host": "lab-b", "line": whole["line"][70:]},
                                 {**whole, "line": whole["line"][:70]}]
        report = report_of(r)
        self.assertEqual([c["name"] for c in report["claims"] if not c["held"]], [])
        self.assertEqual(report["ticks"]["torn_lines"], 1)

    def test_a_backlog_that_begins_within_a_line_makes_no_tick_with_an_old_piece(self):
        r = broken()
        old, other = tick_lines(r, "lab-a")[-1], tick_lines(r, "lab-a")[0]
        cut = other["line"].index(" writes") - 14
        i = r["console"].index(old)
        # The whole of the line that the first host lost is in the second one's backlog; that of a later connection begins within a line.
        r["console"][i:i] = [{**old, "line": old["line"][:old["line"].index(" writes") - 19]}]
        r["console"].append({**tick_lines(r, "lab-b")[-1], "line": other["line"][cut:]})
        report = report_of(r)
        self.assertEqual([c["name"] for c in report["claims"] if not c["held"]], [])
        self.assertEqual(report["ticks"]["torn_lines"], 0)

    def test_a_backlog_shown_again_counts_once(self):
        r = broken()
        r["console"] += [dict(line, wall=line["wall"] + 50) for line in tick_lines(r, "lab-a")[:20]]
        self.assertEqual(failed(r), [])

    def test_typed_text_around_a_tick_does_no_harm(self):
        r = broken()
        line = tick_lines(r)[10]
        line["line"] = "web1# echo" + line["line"] + "xyz"
        self.assertEqual(failed(r), [])


class Page(unittest.TestCase):
    def test_pictures_are_well_formed_and_complete(self):
        html = page.render(report_of(GOOD))
        pictures = re.findall(r"<svg.*?</svg>", html, re.S)
        self.assertEqual(len(pictures), 5)
        for p in pictures:
            ET.fromstring(p)
        self.assertIn("claims held", html)
        self.assertNotRegex(html, r'(src|href)="')

    def test_a_failed_claim_is_named(self):
        r = broken()
        r["migrations"][0]["job"]["JobState"] = 10
        html = page.render(report_of(r))
        self.assertIn("1 claim(s) failed", html)
        self.assertIn("✗ failed", html)

    def test_an_empty_run_still_makes_a_page(self):
        r = broken()
        r.update(console=[], migrations=[], checks=[], events=[])
        self.assertIn("failed", page.render(report_of(r)))

    def test_the_report_is_json(self):
        json.dumps(report_of(GOOD), allow_nan=False)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--write":
        with open(sys.argv[2], "w", encoding="utf-8") as f:
            f.write(page.render(report_of(GOOD)))
    else:
        unittest.main()
