# SPDX-License-Identifier: MIT
# What strangers on the network may do to a running host: segments that no honest peer sends, hand-offs that are none of theirs, windows of a few
# bytes, moves that vanish or stand still, clients that ask without end. After each the host answers, and its guest has gone on.
# limit: 400
import os
import subprocess
import threading

from harness import ROOT, Cases, computer_systems, config_file, expect, lab, log_of, until, wait_log
from moving import TERNCTL
import speaker
from forged import ACK, FIN, SYN, Peer, Wire
from speaker import Host, Move, said
from strangers import CIM, CLASSES, CONSOLE, LISTS, NAMES, Console, Crowd, connect

A, HOST, STATION = "lab-a", "10.77.0.2", "10.77.0.1"
THIEF, VANISHING, STANDING, GONE = OTHERS = [f"10.77.0.{n}" for n in range(50, 54)]   # the station's, too
FORGED = "10.77.0.66"
GUEST_FILE = os.path.join(ROOT, "build", "tests", "guest")
TSC_HZ = 60e6
SMALL = 4 << 20     # the least memory of a guest
CONFIG = f"""[host]
name = {A}
[net]
address = {HOST}/24
[migration]
max_downtime_ms = 1000
max_in = 3
[vm web1]
memory = 32M
kernel = /tern/guest
autostart = yes
[vm busy1]
memory = 32M
kernel = /tern/guest
cmdline = busy
autostart = no
"""


def ctl(*words):
    r = subprocess.run([TERNCTL, "-H", HOST, *words], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    expect(r.returncode == 0, f"ternctl {' '.join(words)} to succeed, not: {r.stdout}{r.stderr}")
    return r.stdout


# --- S2: segments ------------------------------------------------------------------------------------


def beyond_the_window(wire):
    """Data out of order past the window's edge, then the gap before it."""
    p = Peer(wire, FORGED, 4001, CIM).open()
    window = p.host_window
    p.segment(ACK, window - 1, b"\n" * 1000)
    for at in range(1460, window - 1, 1460):
        p.segment(ACK, at, b"\n" * min(1460, window - 1 - at))
    p.segment(ACK, 0, b"\n" * 1460)
    expect(p.wait_acked(window), f"{window} bytes acknowledged, not {(p.acked - p.seq) & 0xffffffff}; reset: {p.reset}")
    p.leave()


def waiting(wire, port):
    """A client whose answer waits for a window; what it sends is not read meanwhile."""
    p = Peer(wire, FORGED, port, CIM, window=0, acks=False).open()
    p.send(NAMES)
    expect(p.wait_acked(0), "the request acknowledged")
    return p


def whole(p):
    """Now the answer comes, unharmed, in segments of a sensible size."""
    p.window, p.acks = 60000, True
    p.segment(ACK)
    expect(p.wait_data(b"</CIM>", 20), f"the answer that waited; reset: {p.reset}, came: {p.data[:200]!r}")
    expect(p.data.startswith(b"HTTP/1.1 200") and p.largest >= 200, f"200 in one piece, not {p.data[:20]!r} in pieces of {p.largest}")


def a_fin_at_the_edge(wire):
    p = waiting(wire, 4002)
    window = 65535
    p.segment(ACK | FIN, window - 1, b"\n")
    p.send(b"\n" * window)
    expect(p.wait_acked(0), f"all acknowledged but the FIN, not {(p.acked - p.seq) & 0xffffffff} more; reset: {p.reset}")
    whole(p)
    p.leave()


def a_segment_size_of_one(wire):
    p = waiting(wire, 4003)
    p.segment(ACK, 0, b"\n", options=b"\x02\x04\x00\x01")
    expect(p.wait_acked(1), "a byte with an option acknowledged")
    p.seq += 1
    whole(p)
    p.leave()


# --- S3, S4: the hand-off ----------------------------------------------------------------------------


def has_no(name):
    until(f"{A} to know no {name} any more", 20, lambda: name not in computer_systems(HOST))


def commit_of_zeros(honest, taken):
    """Its own source asks on a second connection for what it has prepared on the first."""
    move = Move(honest, HOST, taken, "ghost", SMALL).accepted()
    second, answer = move.settle(proof=move.theirs)
    expect(answer.name == "HELLO", f"HELLO, not {said(answer)}")
    move.ready()
    second.put("COMMIT", digest=0, stopped_ns=0)
    second.wait("REFUSED")
    second.close()
    move.line.close()
    has_no("ghost")


def settle_of_another(honest, thief, taken):
    """A stranger who knows the attempt's id, before and after it is prepared. Whatever he asks, the copy stays, for its source to decide."""
    attempt = os.urandom(16)
    early = thief.connect(HOST, attempt)
    early.put("HELLO", **thief.hello(speaker.SETTLE))
    early.wait("HELLO")
    move = Move(honest, HOST, taken, "ghost", SMALL, attempt).accepted()
    move.ready()
    early.put("COMMIT", digest=0, stopped_ns=0)
    expect("ABORT" in early.ended(), "ABORT to who asks for another's attempt")
    for record in ("COMMIT", "ABORT", "QUERY", "DONE"):
        line, answer = move.settle(thief)
        expect(answer.name == "REJECT", f"REJECT to {record} of a stranger, not {said(answer)}")
        line.close()
    expect("ghost" in computer_systems(HOST), "the copy to be there still")
    move.give_up()
    has_no("ghost")


def resume_of_another(honest, thief, taken):
    """During the rounds of a move a third host says RESUME with its id, also in the name of its source; then the move goes on to its end."""
    move = Move(honest, HOST, taken, "copy1").accepted().load(until="STOP")
    double = Host(honest.name, thief.address)
    double.uuid, double.boot_id = honest.uuid, honest.boot_id
    for who in (thief, double):
        for purpose in (speaker.RESUME, speaker.SETTLE):
            line = who.connect(HOST, move.attempt)
            line.put("HELLO", **who.hello(purpose))
            answer = line.next()
            expect(answer.name == "REJECT", f"REJECT to purpose {purpose} of {who.name}, not {said(answer)}")
            line.close()
    other = Move(thief, HOST, taken, "copy1", SMALL, move.attempt).begin()
    expect(other.name == "REJECT", f"REJECT to an offer under the same id, not {said(other)}")
    digest = move.ready()
    move.commit(digest)
    console = Console(HOST, STATION, "copy1")
    console.fresh(3, 60)
    console.close()
    move.done()
    ctl("stop", "copy1")


# --- S5 to S8: who holds more than his part ----------------------------------------------------------


def tiny_windows(wire):
    """As many sockets as there are places, none of which takes more than a few bytes; and honest requests among them."""
    crowd = Crowd(HOST, THIEF, 16, CLASSES, reads=False)
    crumbs = [Peer(wire, FORGED, 4100 + n, CIM if n % 2 else CONSOLE, window=8) for n in range(8)]
    try:
        for p in crumbs:
            p.segment(SYN)
        wire.run(3)
        for p in crumbs:
            if p.opened and not p.reset:
                p.seq += 1
                p.send(CLASSES if p.to == CIM else b"web1\n")
        answered = 0
        for _ in range(8):
            wire.run(0.2)
            try:
                answered += A in computer_systems(HOST)
            except (OSError, SystemExit) as e:
                print(f"     {e}")
    finally:
        crowd.close()
        for p in crumbs:
            p.leave()
    print(f"     {answered} of 8 honest requests answered; the crowd was reset {crowd.resets} times")
    expect(answered >= 7, f"at least 7 of 8 honest requests to be answered, not {answered}")


def comes_in(honest, taken, seconds=20):
    """An honest host may move a machine here: to ACCEPT, which it then cancels."""
    def offered():
        move = Move(honest, HOST, taken, "honest", SMALL)
        answer = move.begin()
        if answer.name == "ACCEPT":
            move.line.put("ABORT", text=b"cancelled", cancelled=1)
        else:
            print(f"     {said(answer)}")
        move.line.close()
        return answer.name == "ACCEPT"
    until("an honest host's offer to be accepted", seconds, offered, 2)


def vanishing_offers(honest, taken):
    """A source that vanishes after OFFER, and one that vanishes once its machine was handed over."""
    vanishing, owned, answers = Host("vanishing", VANISHING), Host("owned", THIEF), []
    for n in range(24):
        move = Move(vanishing, HOST, taken, f"gone{n}", SMALL)
        answers.append(move.begin())
        move.line.close()
    count = sum(a.name == "ACCEPT" for a in answers)
    print(f"     {count} of 24 offers were accepted; the last answer: {said(answers[-1])}")
    comes_in(honest, taken)
    for n in range(10):
        move = Move(owned, HOST, taken, "owned", SMALL)
        answer = move.begin()
        if answer.name == "ACCEPT":
            move.commit(move.ready())
            until("the machine without memory to end", 20, lambda: "running" not in ctl("show", "owned"))
        move.line.close()
    print(f"     after 10 machines that were handed over without a last word: {said(answer)}")
    expect(answer.name == "REJECT", "a bound on what one host may leave unsettled")
    comes_in(honest, taken)


class Rate:
    """How fast a guest ticked between two of its ticks, by its own clock: a host that the emulator slows down is no fault of Tern's."""

    def __init__(self, console, seconds, limit):
        first = len(console.ticks)

        def span():
            seen = console.ticks[first:]
            return seen if len(seen) > 2 and (seen[-1].time_ns - seen[0].time_ns) / TSC_HZ >= seconds else None
        seen = until(f"{seconds} s in the life of {console.vm}", limit, span, 0.1)
        self.per_second = (seen[-1].number - seen[0].number) * TSC_HZ / (seen[-1].time_ns - seen[0].time_ns)
        self.gap = max(b.time_ns - a.time_ns for a, b in zip(seen, seen[1:])) / TSC_HZ

    def __str__(self):
        return f"{self.per_second:.2f} ticks a second, longest gap {self.gap:.2f} s"


def beside_crowds(guest):
    """15 clients that ask without end. A guest that wants the whole CPU keeps half of it, one that sleeps wakes in time."""
    ctl("start", "busy1")
    busy = Console(HOST, STATION, "busy1")
    try:
        busy.fresh(2, 30)
        quiet = Rate(busy, 3, 60)
        print(f"     busy1 alone: {quiet}")
        expect(quiet.per_second >= 2.4, f"nearly all of the CPU, 3.75 ticks a second, for a guest beside which nothing is done, not {quiet}")
        for name, what in (("EnumerateClasses", CLASSES), ("lists of 256 properties", LISTS)):
            crowd = Crowd(HOST, THIEF, 15, what)
            try:
                until("the crowd to be served", 30, lambda: crowd.bytes)
                rate = Rate(busy, 3, 90)
                asleep = Rate(guest, 1, 60)
            finally:
                crowd.close()
            print(f"     beside {name}: busy1 {rate}; web1 {asleep}; {crowd.bytes >> 10} KiB of answers")
            expect(rate.per_second >= quiet.per_second / 2, f"half of {quiet.per_second:.2f} ticks a second, not {rate.per_second:.2f}")
            expect(rate.gap < 1 and asleep.gap < 1, f"gaps well under a second, not {rate.gap:.2f} and {asleep.gap:.2f} s")
            expect(asleep.per_second >= 1.8, f"web1 to tick at half of its 3.75 a second, not {asleep.per_second:.2f}")
    finally:
        busy.close()
        ctl("stop", "busy1")


def standing_moves(honest, taken):
    """All moves that may come in at once are there, and say nothing but that they live. An honest host gets in."""
    standing, over = Host("standing", STANDING), threading.Event()
    moves = [Move(standing, HOST, taken, f"stands{n}", SMALL).accepted() for n in range(3)]
    heart = threading.Thread(target=speaker.beat, args=(moves, over), daemon=True)
    heart.start()
    try:
        answer = Move(standing, HOST, taken, "fourth", SMALL).begin()
        expect(answer.name == "REJECT", f"no place for a fourth of the same host, not {said(answer)}")
        comes_in(honest, taken, 60)     # ten seconds of the host's, which the emulator may stretch
        wait_log(A, "stands[0-2]: it made no progress and gave way to another host's move", 20)     # the log leaves late
    finally:
        over.set()
        heart.join()
    for m in moves:
        m.line.close()


def prepared_and_gone(honest, taken):
    """A source that is gone once its machine is prepared: the copy waits, as it must; an honest host gets in all the same."""
    moves = []
    for n in range(2):
        moves.append(Move(Host("gone", GONE), HOST, taken, f"prepared{n}", SMALL).accepted())
        moves[-1].ready()
        moves[-1].line.close()
    comes_in(honest, taken)
    for m in moves:
        m.give_up()
        has_no(m.offer["name"].decode())


def idle_consoles(_honest, _taken):
    crowd = [connect(HOST, CONSOLE, THIEF) for _ in range(12)]
    for n, s in enumerate(crowd):
        if n % 2:
            s.sendall(b"web1\n")
    console = Console(HOST, STATION, "web1")
    console.fresh(1, 20)
    console.close()
    for s in crowd:
        s.close()


# --- the whole ---------------------------------------------------------------------------------------


class Attacked:
    """The host: after each case it answers, and its guest has gone on."""

    def __init__(self, cases, guest):
        self.cases, self.guest = cases, guest

    def case(self, name, attack, *arguments):
        with self.cases.case(name):
            attack(*arguments)
            until("an answer of the host", 20, lambda: A in computer_systems(HOST))
            self.guest.fresh(2, 30)
            log = log_of(A).lower()
            expect("panic" not in log and "assert" not in log, "no panic and no assertion in the log")


def course(host, wire):
    honest, thief = Host("honest", STATION), Host("thief", THIEF)
    taken = []

    def take():
        taken.extend(speaker.take_down(honest, lambda: ctl("migrate", "web1", STATION, "--verify", "off")))
    host.case("S2 data out of order beyond the window, then the gap", beyond_the_window, wire)
    host.case("S2 a FIN at the window's edge, then the window full", a_fin_at_the_edge, wire)
    host.case("S2 a segment size of one on a segment that is no SYN", a_segment_size_of_one, wire)
    host.case("a destination whose sum is wrong: the guest stays", take)
    host.case("S3 COMMIT with a sum of zeros on a second connection", commit_of_zeros, honest, taken)
    host.case("S3 a stranger settles another's attempt", settle_of_another, honest, thief, taken)
    host.case("S4 a third host resumes a move that is not its own", resume_of_another, honest, thief, taken)
    host.case("S5 windows of a few bytes", tiny_windows, wire)
    host.case("S6 offers and machines whose source vanishes", vanishing_offers, honest, taken)
    host.case("S7 15 clients that ask without end", beside_crowds, host.guest)
    host.case("S8 moves that only live", standing_moves, honest, taken)
    host.case("S8 prepared, and gone", prepared_and_gone, honest, taken)
    host.case("S8 idle consoles", idle_consoles, honest, taken)


subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "build/ternctl", "build/tests/guest"], check=True)
c = Cases()
with lab("--hosts", "1", "--memory", "256", "--timeout", "200", "--file", f"{A}={GUEST_FILE}", "--config", f"{A}={config_file(A + '.conf', CONFIG)}") as up:
    for extra in OTHERS:
        subprocess.run(["ip", "addr", "add", f"{extra}/24", "dev", "br0"], check=True)
    forged, follower = Wire(HOST, up.host(A).mac), Console(HOST, STATION, "web1")
    try:
        with c.case("a small guest starts"):
            follower.fresh(2, 60)
        if not c.failed:
            course(Attacked(c, follower), forged)
    finally:
        follower.close()
        forged.close()
    c.end()
