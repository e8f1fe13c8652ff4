# SPDX-License-Identifier: MIT
# Restart and Resume of a running Linux guest: one lab of two hosts in Bochs. By Restart it goes from a to b and boots afresh there;
# by Resume it comes back from b to a, where its counter goes on, with equal hashes on both sides.
# limit: 600
from harness import Cases, expect, lab
from moving import COMPLETED, TWO as HOSTS, VM, Moving, build, linux, two_hosts


def move(m, source, destination, kind, number):
    """Moves the guest; the job, which names the type and one round, and whose terms explain the downtime."""
    job = m.ended(source, m.migrate(source, HOSTS[destination], "--type", kind), COMPLETED, 240)
    expect(job["MigrationType"] == number, f"MigrationType {number}, not {job['MigrationType']}")
    expect(job["Rounds"] == 1, f"one round, not {job['Rounds']}")
    expect(job["MemoryHashSource"] and job["MemoryHashSource"] == job["MemoryHashDestination"], "equal hashes")
    terms = sum(job["DowntimeTermReal"])
    # Two of the terms are told by the destination, whose clock need not be as fast as the source's.
    expect(abs(terms - job["DowntimeMicroseconds"]) < job["DowntimeMicroseconds"] / 10, f"terms of {terms} us for {job['DowntimeMicroseconds']} us")
    expect(not m.has(m.systems(source)[0]), f"{VM} gone from {source}")
    print(f"     {kind}: {job['PagesSent']} pages, {job['ElapsedMicroseconds'] / 1e6:.1f} s, "
          f"stood still for {job['DowntimeMicroseconds'] / 1e3:.0f} ms")


def restart():
    m = Moving(HOSTS)
    try:
        m.ticks("lab-a", 2, 300)
        before = m.boot
        move(m, "lab-a", "lab-b", "restart", 4)
    finally:
        m.close()
    return before


def boots_afresh(m, before):
    m.ticks("lab-b", 2, 200)
    expect(m.boot != before, f"a new boot id, not {before}")
    banner = [r for r in m.station.tail.lines if "Linux version" in r["line"] and r["host"] == "lab-b"]
    expect(banner, "Linux's banner on the console of lab-b")


build()
cases = Cases()
with lab(*two_hosts(linux(says="loglevel=6"), migration="verify = full\nshutdown_wait_ms = 500\n")):
    old = None
    with cases.case("Restart: the guest is switched off and moves as at power-on"):
        old = restart()
    moving = Moving(HOSTS)
    try:
        with cases.case("Restart: Linux boots afresh at the destination"):
            boots_afresh(moving, old)
        with cases.case("a guest that came from another host can be moved on by Restart: it came with what it is started from"):
            code, answer = moving.ctl("lab-b", "check", VM, HOSTS["lab-a"], "--type", "restart")
            expect(not code and answer and answer["migratable"], f"consent, not {answer}")
        with cases.case("Resume: the counter goes on at the other host"):
            move(moving, "lab-b", "lab-a", "resume", 3)
            moving.ticks("lab-a", 4, 60)
    finally:
        moving.close()
    cases.end()
