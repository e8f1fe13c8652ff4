# SPDX-License-Identifier: MIT
"""Faults at chosen records of a migration between two hosts in Bochs, and what must hold after each of them."""
import collections
import os
import re
import signal
import subprocess
import time

from lablib import emulator, state, wait
from lablib.gate import Gate
from harness import FOLDER, ROOT, Cases, config_file, expect, lab, log_of, until
from moving import COMPLETED, EXCEPTION, TERMINATED, VM, Moving

HOSTS = {"lab-a": "10.77.0.2", "lab-b": "10.77.0.3"}
A, B = HOSTS
GUEST_FILE = os.path.join(ROOT, "build", "tests", "guest")
GUEST_BYTES = 32 << 20
IMAGE_BYTES = 2 << 20     # its kernel, where it came with the guest: a chunk
CACHES_BYTES = 32 << 20      # what the source of an attempt may still have
CONFIG = """[host]
name = {host}
[net]
address = {address}/24
[migration]
verify = full
max_downtime_ms = 1000
"""
GUEST = f"""[vm {VM}]
memory = 32M
kernel = /tern/guest
autostart = yes
"""
PRESENT, LOST = True, False

# At the @count-th @record from @sender (S or D) @fault strikes; the record is LOST, or PRESENT (it arrives first).
# @end: how the attempt must end. stays: the guest runs on at S. moves: it runs at D. frees: it died with S, D keeps
# nothing. alone: it runs at D, and S, which died, comes back without it. doubt_d: D holds it prepared, for ever.
# doubt_s: S holds it committed, for ever.
Case = collections.namedtuple("Case", "record sender count fault arrives end")


# The model's records in their order, and how it says the same ends: (guest at S, guest at D).
MODEL = ("d OFFER", "s ACCEPT", "d STATE", "s READY", "d COMMIT", "s RUNNING", "d DONE", "s ANS_NONE")
BEFORE_STATE = ("PAGES", "ROUND_END", "ROUND_ACK", "DRY_STATE", "STATE_REPORT", "STOP", "LAST_PAGES")
MODEL_END = {"stays": (4, 0), "moves": (0, 4), "frees": (0, 0), "alone": (0, 4), "doubt_d": (0, 2), "doubt_s": (3, 0)}
MODEL_FAULT = {"cut": "cut 0", "kill S": "crash s", "kill D": "crash d", "cancel": "cancel s"}
TRACES = os.path.join(ROOT, "tests", "model", "traces.txt")


def received(case):
    """How many of the model's records had been received when the fault struck."""
    names = [m.split()[1] for m in MODEL]
    if case.record == "HELLO":
        return 0
    if case.record in BEFORE_STATE:
        return 2
    return names.index(case.record) + (1 if case.arrives else 0)


def model_ends(case):
    """The ends of all the model's runs in which this fault is the first and strikes there."""
    ends, before = set(), [f"recv {m.split()[0]} 0 {m.split()[1]}" for m in MODEL[:received(case)]]
    if case.fault == "cancel" and received(case) >= MODEL.index("s READY") + 1:
        return {MODEL_END["moves"]}     # no event in the model: it changes nothing
    with open(TRACES, encoding="utf-8") as f:
        for trace in f.read().strip().split("\n\n"):
            lines = [line for line in trace.split("\n") if line]
            struck = next((n for n, line in enumerate(lines) if line.split()[0] in ("cut", "crash", "cancel")), None)
            if struck is None or not lines[struck].startswith(MODEL_FAULT[case.fault]):
                continue
            if [line for line in lines[:struck] if line != "open 0 0"] == before:
                ends.add(tuple(int(w) for w in lines[-1].split()[1:]))
    return ends


def title(case):
    what = {"cut": "the link is cut", "kill S": "the source dies", "kill D": "the destination dies",
            "cancel": "an operator cancels"}[case.fault]
    nth = f" {case.count}" if case.count > 1 else ""
    when = "waits" if case.fault == "cancel" else "has arrived" if case.arrives else "is lost"
    end = {"stays": "the guest stays", "moves": "the guest moves", "frees": "the destination frees all",
           "alone": "the guest runs at the destination alone", "doubt_d": "the destination holds it, in doubt",
           "doubt_s": "the source holds it, in doubt"}[case.end]
    return f"{case.record}{nth} {when} and {what}: {end}"


def birth(tick):
    """Which guest it is: the time of its birth. The rest of its boot id is the tick's number."""
    return tick.boot[:-12]


class Faults(Moving):
    """The pair: which host is home to the guest, and how much memory each has without it."""

    def __init__(self):
        super().__init__(HOSTS)
        self.home, self.away = A, B
        self.free, self.heard, self.boots = {}, {}, set()
        self.with_kernel = {A}  # whose tern.conf names the guest's kernel, so that it lies in memory anyway
        self.gate = Gate(state.running(FOLDER).netns, state.running(FOLDER).host(B).tap)
        self.new_guest(A)

    def close(self):
        self.gate.close()
        super().close()

    # --- the guest -------------------------------------------------------------------------------------

    def new_guest(self, home):
        """A guest was born at @home; counting begins anew."""
        self.home, self.away = home, B if home == A else A
        until(f"ticks of a new {VM} on {home}", 60, lambda: self.all_ticks() and birth(self.all_ticks()[-1]) not in self.boots)
        self.boot = birth(self.all_ticks()[-1])
        self.boots.add(self.boot)
        self.runs(home)
        if not self.free:
            self.free = {home: self.free_bytes(home) + GUEST_BYTES, self.away: self.free_bytes(self.away)}

    def all_ticks(self):
        """But for those that were joined from pieces of two lines."""
        return [t for t in self.station.tail.poll().ticks if t.boot[-12:] == f"{t.number:012x}"]

    def runs(self, host, count=2):
        """Waits for fresh ticks of this guest there. None may have come twice, been skipped, or show a bad page."""
        since = time.monotonic()
        until(f"{count} fresh ticks of {VM} on {host}", 40, lambda: sum(
            t.host == host and t.wall >= since and birth(t) == self.boot for t in self.all_ticks()) >= count, 0.05)
        mine = [t for t in self.all_ticks() if birth(t) == self.boot]
        expect(all(t.bad == 0 for t in mine), f"no bad pages in {mine[-1]}")
        for old, new in zip(mine, mine[1:]):
            expect(new.number > old.number and new.time_ns > old.time_ns, f"ticks that never go back, not {old} and then {new}")
            expect(new.writes - old.writes == 12 * (new.number - old.number), f"no write lost between {old} and {new}")
        expect(not self.station.tail.reader.trouble, f"no trouble in the guest: {self.station.tail.reader.trouble[:3]}")

    def nobody_runs(self):
        """For a dozen ticks' time no tick comes."""
        since = time.monotonic()
        time.sleep(3)  # absence is no event
        late = [t for t in self.all_ticks() if t.wall > since + 0.5 and birth(t) == self.boot]
        expect(not late, f"no guest running anywhere, not {late[:1]}")

    # --- hosts -----------------------------------------------------------------------------------------

    def host(self, name):
        return state.running(FOLDER).host(name)

    def restart(self, *names, guest=None):
        """Starts hosts that died; at @guest the guest is born."""
        self.with_kernel = (self.with_kernel - set(names)) | ({guest} if guest else set())
        for name in names:
            host = self.host(name)
            emulator.kill(host)
            path = config_file(f"{name}.conf", CONFIG.format(host=name, address=HOSTS[name]) + (GUEST if name == guest else ""))
            subprocess.run(["mcopy", "-o", "-i", host.image, path, "::/tern/tern.conf"], check=True,
                           env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
            current = state.running(FOLDER)
            emulator.start(current, current.host(name))
        wait.for_ready([self.host(n) for n in names], 200)

    def no_jobs(self, host):
        code, jobs = self.ctl(host, "jobs")
        expect(code == 0 and jobs is not None, f"jobs of {host}")
        return all(j["JobState"] >= COMPLETED for j in jobs)

    def settled(self, home):
        """Exactly one side has the guest and runs it, nothing is open, and all memory is where it belongs."""
        away = B if home == A else A
        self.runs(home)
        systems, itself = self.systems(home)
        expect(systems[VM]["EnabledState"] == 2, f"{VM} enabled on {home}")
        free = self.free[home] - GUEST_BYTES - (0 if home in self.with_kernel else IMAGE_BYTES)
        expect(int(itself["FreeMemoryBytes"]) == free, f"{free} bytes free on {home}, not {itself['FreeMemoryBytes']}")
        self.nothing_left(away, self.free[away], 40)
        until("no open job on either host", 20, lambda: self.no_jobs(home) and self.no_jobs(away))
        self.home, self.away = home, away

    # --- faults ----------------------------------------------------------------------------------------

    def complaints(self, host):
        """How often @host said something of a connection or a job; once the link is cut only that it failed."""
        return len(re.findall(r"mig: (from|job) .*", log_of(host)))

    def strike(self, case, pass_on):
        """In the gate's thread, while no frame moves."""
        if case.arrives:
            pass_on()
        if case.fault == "cut":
            self.heard = {h: self.complaints(h) for h in HOSTS}
            self.link(B, False)
        elif case.fault == "cancel":
            self.gate.hold()
        else:
            os.kill(self.host(self.home if case.fault == "kill S" else self.away).pid, signal.SIGKILL)

    def attempt(self, case):
        """Up to the fault; gives the job's number."""
        s, d = self.home, self.away
        self.gate.arm(case.record, HOSTS[s if case.sender == "S" else d], case.count, lambda go: self.strike(case, go))
        number = self.migrate(s, HOSTS[d])
        self.gate.wait(60)
        return number

    def after_cut(self, case, number):
        """Heals the link once both sides have noticed."""
        s, d = self.home, self.away
        if case.record != "HELLO":
            until(f"{d} to notice the cut", 60, lambda: self.complaints(d) > self.heard[d])
        if s == B:  # it is cut off from the station too
            if case.end == "stays":     # what asks again says nothing in the log
                until(f"{s} to notice the cut", 60, lambda: self.complaints(s) > self.heard[s])
        else:
            until(f"{s} to notice the cut", 60, lambda: (lambda j: j["JobState"] >= COMPLETED or j["Phase"] == "IN_DOUBT")(
                self.job(s, number)))
            if case.end == "moves" and case.record == "COMMIT":
                self.nobody_runs()
        self.link(B, True)

    def after_cancel(self, case, number):
        code, _ = self.ctl(self.home, "cancel", number)
        expect((code == 0) == (case.end == "stays"), f"cancel to be {'taken' if case.end == 'stays' else 'too late'}")
        self.gate.release()

    def after_kill(self, case):
        dead = self.home if case.fault == "kill S" else self.away
        other = self.away if dead == self.home else self.home
        if case.end == "stays":
            self.runs(other)
        elif case.end == "frees":
            self.nothing_left(other, self.free[other], 40)
        self.restart(dead, guest=dead if case.end == "frees" else None)

    def doubt(self, case, number):
        """Whoever is left holds the guest, says so, and does not run it, also when the other is back."""
        holder, other = (self.home, self.away) if case.end == "doubt_s" else (self.away, self.home)
        _code, jobs = self.ctl(holder, "jobs")
        job = [j for j in jobs if j["Phase"] == "IN_DOUBT"]
        expect(len(job) == 1 and job[0]["ErrorDescription"], f"one job of {holder} in doubt, with a reason, in {jobs}")
        print(f"     {holder}: {job[0]['ErrorDescription']}")
        systems, itself = self.systems(holder)
        expect(VM in systems and systems[VM]["EnabledState"] != 2, f"{VM} held at {holder}, not enabled")
        held = self.free[holder] - int(itself["FreeMemoryBytes"])
        expect(GUEST_BYTES <= held <= GUEST_BYTES + CACHES_BYTES, f"{holder} to hold the guest's memory and little more, not {held} bytes")
        self.nothing_left(other, self.free[other])
        self.nobody_runs()

    def begin_anew(self):
        """After a case that failed, whatever it left."""
        self.gate.release()
        self.gate.arm("none", "", 1, None)
        self.link(B, True)
        for name in HOSTS:
            emulator.kill(self.host(name))
        self.restart(A, B, guest=A)
        self.new_guest(A)

    def run(self, case):
        s, d = self.home, self.away
        expect(MODEL_END[case.end] in model_ends(case), f"an end as in the model's runs: {sorted(model_ends(case))}")
        number = self.attempt(case)
        if case.fault == "cut":
            self.after_cut(case, number)
        elif case.fault == "cancel":
            self.after_cancel(case, number)
        else:
            self.after_kill(case)
        if case.end.startswith("doubt"):
            until("the doubt to show", 40, lambda: any(
                j["Phase"] == "IN_DOUBT" for j in self.ctl(s if case.end == "doubt_s" else d, "jobs")[1] or []))
            self.doubt(case, number)
            self.restart(s, d, guest=s)     # what an operator must do who has no other means
            self.new_guest(s)
        elif case.end == "frees":
            self.new_guest(s)
        elif case.fault != "kill S":
            wanted = {"stays": TERMINATED if case.fault == "cancel" else EXCEPTION, "moves": COMPLETED}[case.end]
            job = self.ended(s, number, wanted, 60)
            print(f"     job {number} of {s}: {job['ErrorDescription'] or 'completed'}")
        self.settled(d if case.end in ("moves", "alone") else s)
        self.next_attempt()

    def next_attempt(self):
        s, d = self.home, self.away
        self.moved_quickly(s, self.migrate(s, HOSTS[d]))
        self.settled(d)

    def moved_quickly(self, host, number):
        job = self.ended(host, number, COMPLETED, 90)
        expect(job["MemoryHashSource"] and job["MemoryHashSource"] == job["MemoryHashDestination"],
               f"equal hashes, not {job['MemoryHashSource']} and {job['MemoryHashDestination']}")
        print(f"     next attempt: {job['Rounds']} rounds, {job['PagesSent']} pages, {job['ElapsedMicroseconds'] / 1e6:.1f} s")


def lab_words():
    words = ["--hosts", "2", "--memory", "256", "--timeout", "200", "--file", f"all={GUEST_FILE}"]
    for host, address in HOSTS.items():
        text = CONFIG.format(host=host, address=address) + (GUEST if host == A else "")
        words += ["--config", f"{host}={config_file(host + '.conf', text)}"]
    return words


def run(table):
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "build/ternctl", "build/tests/guest"], check=True)
    cases = Cases()
    with lab(*lab_words()):
        pair = None
        try:
            with cases.case("a small guest starts"):
                pair = Faults()
            for case in table if pair else ():
                broken = len(cases.failed)
                with cases.case(title(case)):
                    pair.run(case)
                if len(cases.failed) > broken:
                    print(f"     {pair.gate.story(16)}")
                    for h in state.running(FOLDER).hosts:
                        wait.show_tail(h, 30)
                    with cases.case("the pair begins anew"):
                        pair.begin_anew()
        finally:
            if pair:
                pair.close()
        cases.end()
