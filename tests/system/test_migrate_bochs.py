# SPDX-License-Identifier: MIT
# A running Linux guest and everything that may come between it and its destination: two hosts in Bochs that move
# it, two in QEMU that refuse it. A migration that fails leaves the guest where it was and the destination empty.
# limit: 1200
import re

from harness import Cases, config_file, expect, lab, lab_command
from moving import EXCEPTION, INITRD, KERNEL, TERMINATED, VM, Moving, build

A, B, PLAIN, STRICT = "lab-a", "lab-b", "lab-c", "lab-d"
HOSTS = {A: "10.77.0.2", B: "10.77.0.3", PLAIN: "10.77.0.4", STRICT: "10.77.0.5"}
NOBODY = "10.77.0.99"
MIDDLE_MIB = 3		# of about 70 that the guest's memory holds
CONFIG = """[host]
name = {host}
[net]
address = {address}/24
[migration]
verify = full
max_downtime_ms = 1000
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
        expect(VM not in m.systems(host)[0], f"no {VM} on {host}")
        m.ticks(A, 2, 60)


def refusals(c, m):
    refused(c, m, "a host without VT-x", PLAIN, r"no VT-x")
    refused(c, m, "a host that does not accept this one", STRICT, r"takes no migrations from 10\.77\.0\.2")
    m.ctl(B, "start", "filler")
    refused(c, m, "a host with too little memory", B, r"too little memory: web1 needs 128 MiB, \d+ MiB are free")
    m.ctl(B, "stop", "filler")


def failed_in_the_middle(c, m, what, trouble, seconds, free):
    """A migration from lab-a that @trouble hits in its rounds; gives nothing, the guest stays at lab-a."""
    with c.case(f"{what} in the rounds: the migration fails with a reason, the guest goes on"):
        number = m.migrate(A, HOSTS[B])
        m.in_the_middle(A, number, MIDDLE_MIB, 120)
        trouble()
        job = m.ended(A, number, EXCEPTION, seconds)
        expect(job["ErrorDescription"], "a reason of the failure")
        print(f"     reason: {job['ErrorDescription']}")
        m.ticks(A, 5, 60)
        expect(m.systems(A)[0][VM]["EnabledState"] == 2, f"{VM} running on {A}")
    with c.case(f"{what}: the source gives back what it took for the migration"):
        expect(m.free_bytes(A) == free, f"{free} bytes free on {A}, not {m.free_bytes(A)}")


def there_and_back(c, m, free_a, free_b):
    failed_in_the_middle(c, m, "a cut link", lambda: lab_command("cut", B), 40, free_a)
    lab_command("heal", B)
    with c.case("after the cut the destination has freed everything"):
        m.nothing_left(B, free_b)
    with c.case("a second attempt succeeds, by MigrateVirtualSystemToHost"):
        m.moved(A, m.method_job(A, "MigrateVirtualSystemToHost", HOSTS[B]), 360)
        m.ticks(B, 5, 60)
        m.nothing_left(A, free_a + (128 << 20))
    with c.case("a cancelled migration back ends terminated, the guest goes on, nothing is left"):
        number = m.migrate(B, "--to-system", A)
        m.in_the_middle(B, number, MIDDLE_MIB, 120)
        code, _ = m.ctl(B, "cancel", number)
        expect(code == 0, f"ternctl cancel to succeed, not {code}")
        m.ended(B, number, TERMINATED, 30)
        m.ticks(B, 5, 60)
        m.nothing_left(A, free_a + (128 << 20))
    with c.case("back by MigrateVirtualSystemToSystem to the name lab-a"):
        m.moved(B, m.method_job(B, "MigrateVirtualSystemToSystem", A), 360)
        m.ticks(A, 5, 60)
        m.nothing_left(B, free_b)
        answer = m.wbemcli("ein", f"{m.url(A)}:Tern_VirtualSystem")
        matches(answer, f'Name="{VM}"')


build()
cases = Cases()
with lab(*lab_words()):
    moving = Moving(HOSTS)
    try:
        with cases.case("Debian's kernel boots to the guest's program"):
            moving.ticks(A, 3, 300)
        if not cases.failed:
            checks(cases, moving)
            refusals(cases, moving)
            there_and_back(cases, moving, moving.free_bytes(A), moving.free_bytes(B))
            failed_in_the_middle(cases, moving, "a killed destination", lambda: lab_command("kill", B), 40, moving.free_bytes(A))
    finally:
        moving.close()
    cases.end()
