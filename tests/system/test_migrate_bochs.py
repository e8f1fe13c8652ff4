# SPDX-License-Identifier: MIT
# A running Linux guest and everything that may come between it and its destination: two hosts in Bochs that move
# it, two in QEMU that refuse it. A migration that fails leaves the guest where it was and the destination empty.
# limit: 1200
import os
import re
import socket
import threading
import time

from harness import Cases, config_file, expect, lab, lab_command, log_of, until
from moving import COMPLETED, EXCEPTION, INITRD, KERNEL, TERMINATED, VM, Moving, build, leaves, leaves_restored, leaves_whole

A, B, PLAIN, STRICT = "lab-a", "lab-b", "lab-c", "lab-d"
HOSTS = {A: "10.77.0.2", B: "10.77.0.3", PLAIN: "10.77.0.4", STRICT: "10.77.0.5"}
NOBODY, STATION, MIGRATION_PORT = "10.77.0.99", "10.77.0.1", 5991
MIDDLE_MIB = 3		# of about 70 that the guest's memory holds
CUT_S = 10		# longer than silence is taken for a slow link, shorter than the grace time
GUEST_BYTES = 128 << 20
EARLY = ("", "CONNECT", "HELLO", "OFFER", "ROUNDS")	# phases in which the guest runs
CONFIG = """[host]
name = {host}
[net]
address = {address}/24
[migration]
verify = full
max_downtime_ms = 1000
resume_grace_s = 15
{migration}
"""
PEER = "[peer {}]\naddress = {}\n"
GUEST = f"""[vm {VM}]
memory = 128M
kernel = /tern/vmlinuz
initrd = /tern/initrd.gz
cmdline = console=ttyS0 quiet cryptomgr.notests tern.region=4M tern.rate=100 tern.tick_ms=250
autostart = yes
"""
# Takes lab-b's memory while it runs; without an initrd it ends in a kernel panic of its own, which concerns nobody.
FILLER = "[vm filler]\nmemory = 200M\nkernel = /tern/vmlinuz\ncmdline = quiet\nautostart = no\n"


def lab_words():
    words = ["--hosts", "4", "--emulator", f"{PLAIN}=qemu", "--emulator", f"{STRICT}=qemu", "--memory", "350",
             "--memory", f"{PLAIN}=128", "--memory", f"{STRICT}=128", "--timeout", "200",
             "--file", f"{A}={KERNEL}", "--file", f"{A}={INITRD}", "--file", f"{B}={KERNEL}"]
    for host, address in HOSTS.items():
        text = CONFIG.format(host=host, address=address, migration="accept_from = 10.77.0.200" if host == STRICT else "")
        text += "".join(PEER.format(h, a) for h, a in HOSTS.items() if h != host)
        text += {A: GUEST, B: FILLER}.get(host, "")
        words += ["--config", f"{host}={config_file(host + '.conf', text)}"]
    return words


def matches(answer, pattern):
    expect(re.search(pattern, answer, re.S), f"{pattern!r}, not: {answer}")


def checks(c, m):
    with c.case("check by wbemcli, to host: true"):
        matches(m.method(A, "CheckVirtualSystemIsMigratableToHost", HOSTS[B]), r": 0, IsMigratable \(boolean\): TRUE")
    with c.case("check by wbemcli, to system: true"):
        matches(m.method(A, "CheckVirtualSystemIsMigratableToSystem", B), r": 0, IsMigratable \(boolean\): TRUE")
    with c.case("check of an address where nobody answers: false, with the reason"):
        matches(m.method(A, "CheckVirtualSystemIsMigratableToHost", NOBODY), rf": 0, IsMigratable \(boolean\): FALSE.*{NOBODY}.*no answer")
    with c.case("an unparsable host: return value 4"):
        matches(m.method(A, "CheckVirtualSystemIsMigratableToHost", "no.such.host"), r"ToHost: 4, Reasons.*no\.such\.host")
        matches(m.method(A, "MigrateVirtualSystemToHost", "10.77.0.300"), r"ToHost: 4, Reasons.*10\.77\.0\.300")
    with c.case("an unknown VM: CIM error 6"):
        matches(m.method(A, "CheckVirtualSystemIsMigratableToHost", HOSTS[B], vm="nobody"), r"Cim: \(6\).*nobody")
        matches(m.method(A, "MigrateVirtualSystemToSystem", B, vm="nobody"), r"Cim: \(6\).*nobody")


def refused(c, m, name, host, reason):
    """A destination that says no says why, to a check and to a migration; the guest takes no notice."""
    with c.case(f"check of {name}: false, with the reason"):
        migratable, reasons = m.check(A, HOSTS[host])
        expect(migratable is False, f"IsMigratable false, not {migratable}")
        matches(reasons, reason)
    with c.case(f"migration to {name}: fails with the reason, the guest goes on"):
        job = m.ended(A, m.method_job(A, "MigrateVirtualSystemToHost", HOSTS[host]), EXCEPTION, 40)
        matches(job["ErrorDescription"], reason)
        expect(not m.has(m.systems(host)[0]), f"no {VM} on {host}")
        m.ticks(A, 2, 60)


class Stranger:
    """Something at the migration port of the management station that is no Tern host."""

    def __init__(self, talk):
        self.socket, self.talk = socket.create_server((STATION, MIGRATION_PORT)), talk
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                peer, _ = self.socket.accept()
                threading.Thread(target=self.talk, args=(peer,), daemon=True).start()
        except OSError:
            pass    # closed

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def listen(peer):
    with peer:
        while peer.recv(4096):
            pass


def nonsense(peer):
    with peer:
        peer.sendall(os.urandom(3000))
        listen(peer)


STRANGERS = {"accepts and says nothing": (listen, r"HELLO|no answer|did not come|silent"),
             "talks nonsense": (nonsense, r"10\.77\.0\.1 port 5991: "),
             "hangs up": (lambda peer: peer.close(), r"10\.77\.0\.1 port 5991: ")}


def strangers(c, m):
    with c.case("a destination where no Tern listens: false, refused"):
        migratable, reasons = m.check(A, STATION)
        expect(migratable is False, f"IsMigratable false, not {migratable}")
        matches(reasons, "refused")
    for what, (talk, reason) in STRANGERS.items():
        stranger = Stranger(talk)
        with c.case(f"a destination that {what}: the migration fails with a reason, the guest goes on"):
            job = m.ended(A, m.migrate(A, STATION), EXCEPTION, 40)
            matches(job["ErrorDescription"], reason)
            print(f"     reason: {job['ErrorDescription']}")
            m.ticks(A, 2, 60)
        stranger.close()


def refusals(c, m):
    refused(c, m, "a host without VT-x", PLAIN, r"no (VT-x|SVM)")
    refused(c, m, "a host that does not accept this one", STRICT, r"takes no migrations from 10\.77\.0\.2")
    m.ctl(B, "start", "filler")
    refused(c, m, "a host with too little memory", B, r"too little memory: web1 needs 128 MiB, \d+ MiB are free")
    m.ctl(B, "stop", "filler")


def failed_in_the_middle(c, m, what, trouble):
    """A migration from lab-a that @trouble hits in its rounds fails, and leaves the guest at lab-a."""
    free = m.free_bytes(A)
    with c.case(f"{what} in the rounds: the migration fails with a reason, the guest goes on"):
        number = m.migrate(A, HOSTS[B])
        m.in_the_middle(A, number, MIDDLE_MIB, 120)
        trouble()
        job = m.ended(A, number, EXCEPTION, 40)
        expect(job["ErrorDescription"], "a reason of the failure")
        print(f"     reason: {job['ErrorDescription']}")
        m.ticks(A, 5, 60)
        expect(m.systems(A)[0][VM]["EnabledState"] == 2, f"{VM} running on {A}")
        m.answers(A)
    with c.case(f"{what}: the source gives back what it took for the migration"):
        expect(m.free_bytes(A) == free, f"{free} bytes free on {A}, not {m.free_bytes(A)}")
        leaves_restored(A)


def second_attempt(c, m, free_a, free_b):
    with c.case("after the cut the destination has freed everything"):
        m.nothing_left(B, free_b)
    with c.case(f"a second attempt, by MigrateVirtualSystemToHost, is cut for {CUT_S} s in its rounds and goes on afterwards"):
        number = m.method_job(A, "MigrateVirtualSystemToHost", HOSTS[B])
        m.in_the_middle(A, number, 4 * MIDDLE_MIB, 120)
        m.link(B, False)
        before = m.job(A, number)
        until("the loss of the link in the job", CUT_S, lambda: m.job(A, number)["JobStatus"].startswith("link lost "))
        status = m.job(A, number)
        expect(status["Phase"] == "ROUNDS" and status["JobState"] < COMPLETED, f"a job in its rounds, not {status['Phase']}")
        time.sleep(CUT_S - 6)
        m.link(B, True)
        job = m.moved(A, number, 360)
        print(f"     {status['JobStatus']}; {before['BytesSent']} bytes before the cut, {job['BytesSent']} in all, "
              f"{job['NonZeroBytes']} of memory")
        expect(job["LinkReconnects"] == 1, f"one reconnect, not {job['LinkReconnects']}")
        expect(job["Rounds"] > before["Rounds"], f"rounds after {before['Rounds']}, not {job['Rounds']}")
        # What had arrived did not go again: the interrupted pass and the next one make little more than one.
        passes = sum(int(n) for n in job["RoundPages"][:2]) << 12
        expect(passes < int(job["NonZeroBytes"]) * 5 // 4, f"{passes} bytes of pages in two passes over {job['NonZeroBytes']}")
        m.ticks(B, 5, 60)
        m.answers(B)
        m.nothing_left(A, free_a + GUEST_BYTES)


def cancelled(c, m, free_a):
    number = m.migrate(B, "--to-system", A)
    with c.case("a machine that is moving can neither be moved again nor stopped"):
        m.in_the_middle(B, number, 1, 120)
        matches(m.method(B, "MigrateVirtualSystemToHost", HOSTS[A]), r"ToHost: 5, Reasons")
        expect(m.ctl(B, "stop", VM)[0], "ternctl stop to be refused")
    with c.case("a cancelled migration ends terminated, the guest goes on, nothing is left"):
        m.in_the_middle(B, number, MIDDLE_MIB, 120)
        expect(m.ctl(B, "cancel", number)[0] == 0, "ternctl cancel to succeed")
        m.ended(B, number, TERMINATED, 30)
        m.ticks(B, 5, 60)
        m.nothing_left(A, free_a + GUEST_BYTES)
        leaves_restored(B)


def back_by_name(c, m, free_b):
    with c.case("back by MigrateVirtualSystemToSystem to the name lab-a, over a link that is cut for 2 s"):
        number = m.method_job(B, "MigrateVirtualSystemToSystem", A)
        m.in_the_middle(B, number, MIDDLE_MIB, 120)
        m.link(A, False)
        time.sleep(2)
        m.link(A, True)
        m.moved(B, number, 360)
        m.ticks(A, 5, 60)
        m.answers(A)
        m.nothing_left(B, free_b)
        leaves_whole(leaves(A)[-1])
        matches(m.wbemcli("ein", f"{m.url(A)}:Tern_VirtualSystem"), f'Name="{VM}"')


def cut_in_the_hand_off(c, m):
    """Gives the host that runs the guest afterwards: which one depends on whether COMMIT was recorded before the cut."""
    home = A
    with c.case("a link cut in the hand-off, healed after 12 s: the guest goes on at exactly one host"):
        number = m.migrate(A, HOSTS[B])
        until("the guest stopped for the hand-off", 300, lambda: m.job(A, number)["Phase"] not in EARLY, 0.05)
        m.link(B, False)
        phases = [m.job(A, number)["Phase"]]
        end = time.monotonic() + 12
        while time.monotonic() < end:
            time.sleep(0.5)
            phase = m.job(A, number)["Phase"]
            if phase != phases[-1]:
                phases.append(phase)
        m.link(B, True)
        job = until("the end of the job", 60, lambda: (lambda j: j if j["JobState"] >= 7 else None)(m.job(A, number)))
        phases.append(job["Phase"])
        home, other = (B, A) if job["JobState"] == COMPLETED else (A, B)
        print(f"     phases {' '.join(phases)}; {VM} is on {home}: {job['ErrorDescription'] or 'completed'}")
        m.ticks(home, 5, 60)
        until(f"no {VM} on {other}", 30, lambda: m.gone(other))
    return home


def source_dies(c, m, source, destination):
    """What was received of a guest whose source is gone is thrown away, never run."""
    with c.case("a killed source in the rounds: the destination frees everything"):
        free = m.free_bytes(destination)
        number = m.migrate(source, HOSTS[destination])
        m.in_the_middle(source, number, MIDDLE_MIB, 120)
        lab_command("kill", source)
        m.nothing_left(destination, free, 40)


def course(c, m):
    checks(c, m)
    strangers(c, m)
    refusals(c, m)
    free_a, free_b = m.free_bytes(A), m.free_bytes(B)
    failed_in_the_middle(c, m, "a cut link", lambda: m.link(B, False))
    m.link(B, True)
    second_attempt(c, m, free_a, free_b)
    cancelled(c, m, free_a)
    back_by_name(c, m, free_b)
    if cut_in_the_hand_off(c, m) == B:
        with c.case("back again"):
            m.moved(B, m.migrate(B, HOSTS[A]), 360)
            m.ticks(A, 5, 60)
    failed_in_the_middle(c, m, "a killed destination", lambda: lab_command("kill", B))
    with c.case("the destination is up again"):
        lab_command("start", B, "--timeout", "200")
        expect(VM not in m.systems(B)[0], f"no {VM} on {B}")
    source_dies(c, m, A, B)


build()
cases = Cases()
with lab(*lab_words()):
    moving = Moving(HOSTS)
    try:
        with cases.case("a neighbour that takes nothing from here can't say that it has the guest: an operator starts it"):
            until(f"{STRICT} in the log of {A}", 60, lambda: re.search(rf"{VM} is not started by itself: .*{STRICT} takes no migrations", log_of(A)))
            expect(moving.systems(A)[0][VM]["EnabledState"] == 3, f"{VM} is off")
            expect(moving.ctl(A, "start", VM)[0] == 0, f"{VM} started by hand")
        with cases.case("Debian's kernel boots to the guest's program"):
            moving.ticks(A, 3, 300)
        if not cases.failed:
            course(cases, moving)
    finally:
        moving.close()
    cases.end()
