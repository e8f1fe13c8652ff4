#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# one processor
# limit: 120
"""ternctl against the CIM server with the fake host behind it, and against servers that misbehave."""
import contextlib
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import unittest

ROOT = os.environ.get("TERN_ROOT") or os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
OK, NO, USAGE, CONNECTION = 0, 1, 2, 3


def build():
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "build/ternctl", "build/cimhost"], check=True)


def ternctl(port, *words, typed=""):
    env = {k: v for k, v in os.environ.items() if k != "TERN_HOST"}
    return subprocess.run([f"{ROOT}/build/ternctl", "-H", f"127.0.0.1:{port}", "--timeout", "5", *words], env=env,
                          input=typed, capture_output=True, text=True, timeout=60, check=False)


class Server:
    """Takes one connection, reads once, answers with fixed bytes."""

    def __init__(self, talk):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, args=(talk,), daemon=True).start()

    def run(self, talk):
        peer, _ = self.socket.accept()
        with peer, self.socket:
            talk(peer)


def answer(data):
    def talk(peer):
        peer.recv(65536)
        try:
            peer.sendall(data)
        except OSError:
            pass
    return talk


def http(body, status="200 OK", extra=""):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n{body}".encode()


class WithHost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build()

    def setUp(self):
        # Its time runs slowly, so that a job outlasts the command that cancels it.
        self.host = subprocess.Popen([f"{ROOT}/build/cimhost", "0", "10"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.host.stdout.readline())

    def tearDown(self):
        self.host.kill()
        self.host.wait()
        self.host.stdout.close()

    def ctl(self, code, *words):
        done = ternctl(self.port, *words)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
        return done

    def test_list_names_host_and_machines(self):
        self.assertRegex(self.ctl(OK, "list").stdout, r"(?s)host lab-a .*web1 +running +128 MiB.*db1 +stopped")
        both = json.loads(self.ctl(OK, "list", "--json").stdout)
        self.assertEqual([v["Name"] for v in both["virtual_systems"]], ["web1", "db1"])

    def test_what_a_host_does_not_use_and_its_network_are_said(self):
        said = self.ctl(OK, "list").stdout
        self.assertRegex(said, r"(?m)^    2 of 4 processors are not used: ")
        self.assertRegex(said, r"(?m)^    random numbers can be guessed here$")
        self.assertRegex(said, r"network: 1001 frames sent, 1002 received; TCP: 4 connections, 7 segments sent again, 8 dropped; out of memory 3")
        host = json.loads(self.ctl(OK, "show", "--json").stdout)
        self.assertEqual((host["UnusedMemoryBytes"], host["UnusedProcessors"], host["StrongRandomNumbers"]), (655360, 2, False))
        self.assertEqual(len(host["Limitations"]), 2)

    def test_show_prints_properties(self):
        self.assertRegex(self.ctl(OK, "show", "web1").stdout, r"(?m)^  MemoryBytes +134217728$")
        self.assertEqual(json.loads(self.ctl(OK, "show", "--json").stdout)["Name"], "lab-a")

    def test_check_says_yes_or_no_with_reasons(self):
        self.assertIn("can move", self.ctl(OK, "check", "web1", "10.77.0.3").stdout)
        self.assertIn("can move", self.ctl(OK, "check", "web1", "--to-system", "lab-b").stdout)
        said = self.ctl(NO, "check", "web1", "10.77.0.99").stdout
        self.assertIn("can't move", said)
        self.assertIn("no answer from 10.77.0.99", said)
        verdict = json.loads(self.ctl(NO, "check", "web1", "10.77.0.99", "--json").stdout)
        self.assertIs(verdict["migratable"], False)
        self.assertEqual(len(verdict["reasons"]), 1)

    def test_migrate_waits_draws_progress_and_sums_up(self):
        done = self.ctl(OK, "migrate", "web1", "10.77.0.3", "--wait", "--verify", "full")
        self.assertIn("completed", done.stdout)
        self.assertIn("equal", done.stdout)
        self.assertIn("100%", done.stderr)

    def test_a_job_is_found_by_number_and_as_json(self):
        self.ctl(OK, "migrate", "web1", "10.77.0.3")
        job = json.loads(self.ctl(OK, "job", "1", "--wait", "--json").stdout)
        self.assertEqual(job["JobState"], 7)
        self.assertEqual(len(job["RoundPages"]), job["Rounds"])
        self.assertIn(job["InstanceID"], self.ctl(OK, "jobs").stdout)
        self.assertIn("knows no job", self.ctl(NO, "job", "99").stderr)

    def test_a_failed_migration_fails_the_command_with_its_reason(self):
        self.assertIn("no answer from 10.77.0.99", self.ctl(NO, "migrate", "web1", "10.77.0.99", "--wait").stdout)

    def in_doubt(self):
        """web1 on its way to a host that is never heard of again after COMMIT."""
        self.ctl(OK, "migrate", "web1", "10.77.0.5")
        for _ in range(100):
            if "IN_DOUBT" in self.ctl(OK, "jobs").stdout:
                return
            time.sleep(0.1)
        self.fail("job 1 does not come in doubt")

    def test_a_hand_off_in_doubt_is_forced_only_by_who_accepts_the_risk(self):
        self.in_doubt()
        told = self.ctl(NO, "force", "1", "resume").stderr
        self.assertRegex(told, r"(?s)nothing was done.*web1 may run twice.*--accept-risk")
        self.assertEqual(json.loads(self.ctl(NO, "force", "1", "forget", "--json").stdout),
                         {"return_value": 32768, "risk": "web1 may be lost"})
        self.assertIn("no prepared copy", self.ctl(NO, "force", "1", "run", "--accept-risk").stderr)
        self.assertIn("IN_DOUBT", self.ctl(OK, "jobs").stdout)
        self.ctl(OK, "force", "1", "resume", "--accept-risk")
        self.assertRegex(self.ctl(OK, "list").stdout, r"web1 +running")
        self.assertIn("is not in doubt", self.ctl(NO, "force", "1", "resume", "--accept-risk").stderr)

    def test_a_machine_that_is_away_starts_only_after_it_was_reclaimed(self):
        self.assertIn("nothing holds it", self.ctl(NO, "reclaim", "db1", "--accept-risk").stderr)
        self.in_doubt()
        self.assertIn("force that", self.ctl(NO, "reclaim", "web1", "--accept-risk").stderr)
        self.ctl(OK, "force", "1", "forget", "--accept-risk")
        self.assertRegex(self.ctl(OK, "list").stdout, r"(?s)web1 +away.*handed over to 10\.77\.0\.5")
        self.assertIn("handed over", self.ctl(NO, "start", "web1").stderr)
        self.assertIn("may run twice", self.ctl(NO, "reclaim", "web1").stderr)
        self.ctl(OK, "reclaim", "web1", "--accept-risk")
        self.ctl(OK, "start", "web1")

    def test_records_are_listed_and_dropped_by_who_accepts_the_risk(self):
        listed = self.ctl(OK, "records").stdout
        self.assertRegex(listed, r"(?m)^  7 +OWNED +old1 +from lab-c \(10\.77\.0\.4\)  2026-05-28 20:26 UTC$")
        self.assertRegex(listed, r"(?m)^  8 +COMMITTED +gone1 .*; a job sees to it$")
        records = json.loads(self.ctl(OK, "records", "--json").stdout)
        self.assertEqual([r["InstanceID"] for r in records], ["Tern:MigrationRecord/7", "Tern:MigrationRecord/8"])
        self.assertRegex(self.ctl(NO, "records", "--drop", "7").stderr, r"(?s)nothing was done.*lab-c would stay in doubt.*--accept-risk")
        self.assertEqual(json.loads(self.ctl(NO, "records", "--drop", "7", "--json").stdout),
                         {"return_value": 32768, "risk": "lab-c would stay in doubt about old1"})
        self.assertIn("a job sees to gone1", self.ctl(NO, "records", "--drop", "8", "--accept-risk").stderr)
        self.assertIn("dropped", self.ctl(OK, "records", "--drop", "7", "--accept-risk").stdout)
        self.assertIn("keeps no record 7", self.ctl(NO, "records", "--drop", "7", "--accept-risk").stderr)

    def test_force_wants_a_job_and_an_outcome_that_exist(self):
        self.ctl(USAGE, "force", "1")
        self.assertIn("resume, forget or run", self.ctl(USAGE, "force", "1", "explode").stderr)
        self.assertIn("knows no job", self.ctl(NO, "force", "9", "resume").stderr)

    def test_list_says_where_records_are(self):
        self.assertIn("records of hand-offs: kept by the firmware (boot 7)", self.ctl(OK, "list").stdout)

    def test_a_running_migration_can_be_cancelled_an_ended_one_cannot(self):
        self.ctl(OK, "migrate", "web1", "10.77.0.3")
        self.ctl(OK, "cancel", "1")
        self.assertIn("terminated", self.ctl(NO, "job", "1", "--wait").stdout)
        self.assertIn("has ended", self.ctl(NO, "cancel", "1").stderr)

    def test_machines_start_and_stop(self):
        self.ctl(OK, "start", "db1")
        self.assertIn("running already", self.ctl(NO, "start", "db1").stderr)
        self.ctl(OK, "stop", "db1")

    def test_a_refusal_begins_with_the_reason(self):
        said = self.ctl(NO, "start", "web1").stderr
        self.assertRegex(said, r"^ternctl: web1 is running already\n  \(RequestStateChange: not possible in this state \(4097\)\)\n$")

    def test_a_command_that_fails_says_so_as_json_too(self):
        for code, words in ((NO, ["start", "web1"]), (NO, ["check", "nope", "10.77.0.3"]), (NO, ["migrate", "db1", "10.77.0.3"]),
                            (NO, ["job", "99"]), (NO, ["cancel", "99"]), (USAGE, ["fly"]), (USAGE, ["check", "web1"]), (USAGE, []),
                            (USAGE, ["list", "--nope"]), (USAGE, ["list", "--timeout", "0"])):
            said = json.loads(self.ctl(code, "--json", *words).stdout)
            self.assertTrue(said["error"], words)
            self.assertEqual(said["exit"], code, words)
        self.assertEqual(json.loads(self.ctl(NO, "start", "web1", "--json").stdout),
                         {"error": "web1 is running already", "exit": 1, "return_value": 4097, "reasons": ["web1 is running already"]})
        nobody = json.loads(ternctl(1, "list", "--json").stdout)
        self.assertEqual(nobody["exit"], CONNECTION)

    def on_terminal(self, columns, *words, interrupt=False):
        """What ternctl draws on a terminal of @columns."""
        main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([f"{ROOT}/build/ternctl", "-H", f"127.0.0.1:{self.port}", *words], stdout=subprocess.DEVNULL,
                                   stderr=side, start_new_session=True)
        os.close(side)
        drawn = b""
        with contextlib.suppress(OSError):      # a terminal whose other side has gone ends so
            while part := os.read(main, 4096):
                drawn += part
                if interrupt and b"%" in drawn:
                    process.send_signal(signal.SIGINT)
                    interrupt = False
        os.close(main)
        return process.wait(), drawn.decode()

    def test_progress_fits_the_terminal(self):
        for columns in (60, 110, 200):
            self.tearDown()
            self.setUp()
            code, drawn = self.on_terminal(columns, "migrate", "web1", "10.77.0.3", "--wait")
            self.assertEqual(code, OK)
            lines = [line.replace("\x1b[K", "") for line in drawn.replace("\n", "\r").split("\r")]
            self.assertLess(max(map(len, lines)), columns)
            self.assertTrue(any("100%" in line for line in lines), lines)
            self.assertEqual(any("downtime" in line for line in lines), columns > 60, lines)

    def test_an_interrupt_says_that_the_job_goes_on(self):
        code, drawn = self.on_terminal(80, "migrate", "web1", "10.77.0.3", "--wait", interrupt=True)
        self.assertEqual(code, -signal.SIGINT)
        self.assertIn("the job goes on", drawn)
        self.assertIn(f"ternctl -H 127.0.0.1:{self.port} cancel 1", drawn)
        self.assertIn("completed", self.ctl(OK, "job", "1", "--wait").stdout)

    def test_an_unknown_machine_is_refused_by_name(self):
        self.assertIn("no virtual system 'nope' (it has web1, db1)", self.ctl(NO, "check", "nope", "10.77.0.3").stderr)


class Misbehaving(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build()

    def says(self, talk, words):
        done = ternctl(Server(talk).port, "list")
        self.assertEqual(done.returncode, CONNECTION, done.stderr)
        self.assertIn(words, done.stderr)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        done = ternctl(port, "list")
        self.assertEqual(done.returncode, CONNECTION)
        self.assertIn("can't connect", done.stderr)

    def test_answers_that_are_no_cim_xml(self):
        self.says(answer(http("garbage")), "not well-formed XML")
        self.says(answer(http("<a/>")), "not a CIM-XML answer")
        self.says(answer(http("", "400 Bad", "CIMError: request-not-valid\r\n")), "HTTP status 400 (request-not-valid)")
        self.says(answer(b""), "failed")
        self.says(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort"), "failed")
        self.says(answer(http("x" * (17 << 20))), "longer than")

    def test_silence_ends_after_the_time_limit(self):
        gone = threading.Event()
        self.says(lambda peer: gone.wait(10), "no answer")
        gone.set()

    def test_wrong_command_lines(self):
        for words in ([], ["fly"], ["check"], ["check", "a"], ["check", "a", "b", "--to-system", "c"], ["list", "--timeout", "0"],
                      ["migrate", "a", "b", "--verify", "maybe"], ["job"], ["list", "--nope"]):
            self.assertEqual(ternctl(1, *words).returncode, USAGE, words)


class Console(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build()

    def test_the_name_goes_first_then_bytes_both_ways(self):
        def talk(peer):
            name = b""
            while not name.endswith(b"\n"):
                name += peer.recv(1)
            peer.sendall(b"this is " + name)
            peer.sendall(b"heard " + peer.recv(100))

        server = Server(talk)
        done = ternctl(1, "--console-port", str(server.port), "console", "web1", typed="hello\n")
        self.assertEqual(done.returncode, OK)
        self.assertEqual(done.stdout, "this is web1\nheard hello\n")

    def said(self, *parts, words=("console", "nobody")):
        def talk(peer):
            peer.recv(100)
            for part in parts:
                peer.sendall(part)
                time.sleep(0.05)        # so that they come one by one

        return ternctl(1, "--console-port", str(Server(talk).port), *words)

    def test_a_console_that_is_refused_is_an_error(self):
        done = self.said(b"[tern: there is no VM", b" named nobody here]\r", b"\n")
        self.assertEqual((done.returncode, done.stdout), (NO, ""))
        self.assertEqual(done.stderr, "ternctl: there is no VM named nobody here\n")
        done = self.said(b"[tern: too many]\r\n", words=("console", "nobody", "--json"))
        self.assertEqual(json.loads(done.stdout), {"error": "too many", "exit": NO})

    def test_what_only_looks_like_a_refusal_is_the_guests(self):
        for text in (b"[tern: x]\r\nmore", b"[tern: x\n", b"[tern", b"", b"[tern: " + b"x" * 300 + b"]\r\n", b"[tern:\n]\r\n"):
            done = self.said(text)
            self.assertEqual((done.returncode, done.stdout), (OK, text.decode().replace("\r\n", "\n")), text)


if __name__ == "__main__":
    unittest.main()
