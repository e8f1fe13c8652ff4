# SPDX-License-Identifier: MIT
# A host whose firmware has room for the records of one more hand-off: a running Linux guest moves there, which is recorded, and from
# then on hand-offs go on by boot ids, say so, and lose nothing: back, there again and back; the guest runs once.
# limit: 1500
# long
from lablib import state
from lablib.nvram import Store
from harness import FOLDER, Cases, expect, lab, lab_command, log_of, wait_log
from moving import TWO as HOSTS, VM, Moving, build, linux, two_hosts
from noted import booted_before

A, B = "lab-a", "lab-b"
RESERVE = 4096          # STORE_RESERVE in host/store.h
ATTEMPT = 4 * 390       # MIG_RECORD_PUTS variables of the largest size
SPARE = 600             # the host's note of its boot, and what the firmware notes
FULL = "no more until this host restarts, hand-offs go on by boot ids: its variable store is nearly full"
SPENT = "no room for more records until this host restarts"


def restart_nearly_full(host):
    """Power off, the store filled up but for one attempt, power on."""
    lab_command("kill", host)
    store = Store(state.running(FOLDER).host(host).variables)
    store.fill(RESERVE + ATTEMPT + SPARE)
    store.save()
    lab_command("start", host, "--timeout", "240")


def status(m, host):
    """(kept, where) of the host's records, as ternctl has them."""
    system = m.systems(host)[1]
    return system["RecordsKept"], system["RecordsStatus"]


def moves(m, source, destination):
    m.moved(source, m.migrate(source, HOSTS[destination]), 400)
    m.ticks(destination, 4, 90)
    systems = m.systems(source)[0]
    expect(VM not in systems or systems[VM]["EnabledState"] == 3, f"no {VM} that runs on {source}: {systems.get(VM)}")


def once(m):
    """Each tick of the guest came from one host, and in order: it never ran twice."""
    numbers = [t.number for t in m.station.tail.reader.ticks]
    expect(numbers == sorted(set(numbers)), "each of the guest's ticks once and in order")
    print(f"     {len(numbers)} ticks, each once")


def there_and_back(c, m):
    with c.case("the last hand-off for which there is room is recorded"):
        moves(m, A, B)
        expect(status(m, B) == (True, "kept by the firmware (boot 2)"), f"{B} to keep records still: {status(m, B)}")
        expect(SPENT not in log_of(B), f"a hand-off that {B} recorded")
    with c.case("the guest goes back from a host whose store is full, which says so"):
        moves(m, B, A)
        wait_log(B, SPENT, 30)
        kept, where = status(m, B)
        print(f"     {where}")
        expect(FULL in where, f"a status that says that the store is full: {where}")
        expect(status(m, A) == (True, "kept by the firmware (boot 2)"), f"{A} to keep records still: {status(m, A)}")
    with c.case("there and back again: to a host whose store is full, and from it"):
        moves(m, A, B)
        moves(m, B, A)
        once(m)


build()
cases = Cases()
booted_before(A)
with lab(*two_hosts(linux("96M", "tern.region=1M tern.rate=20"), "--keep-variables", host="log_level = debug\n",
                    migration="verify = full\nmax_downtime_ms = 1000\n", timeout=240)):
    moving = Moving(HOSTS)
    try:
        with cases.case("after a restart one host has room for one more hand-off"):
            restart_nearly_full(B)
            left = int(wait_log(B, r"records: writing one took .*; the store has (\d+) bytes left", 30).group(1))
            print(f"     {left} bytes left")
            expect(RESERVE + ATTEMPT <= left < RESERVE + 2 * ATTEMPT, f"room for one attempt's records on {B}, not {left}")
            moving.ticks(A, 3, 300)
        if not cases.failed:
            there_and_back(cases, moving)
        with cases.case("no host panicked"):
            for one in HOSTS:
                expect("panic" not in log_of(one).lower(), f"no panic on {one}")
    finally:
        moving.close()
    cases.end()
