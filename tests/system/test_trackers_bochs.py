# SPDX-License-Identifier: MIT
# The three dirty trackers under a running Linux guest, each on the CPU model of Bochs that makes Tern choose it: the
# guest moves, both hosts hash the same memory, and it goes on. With tern.conf forcing one, a CPU with all three obeys. Before
# that a cancelled and a failed migration: the EPT leaves are those of before, and so after the way there and back.
# limit: 1800
# long
from harness import Cases, expect, lab, wait_log
from moving import EXCEPTION, TERMINATED, TWO as HOSTS, Moving, build, leaves, leaves_restored, leaves_whole, linux, two_hosts

# CPU model, what tern.conf says, tracker
RUNS = (
    ("corei7_haswell_4770", "auto", "A/D"),
    ("corei7_ivy_bridge_3770k", "auto", "write-protect"),
    ("corei7_skylake_x", "auto", "PML"),
    ("corei7_skylake_x", "write-protect", "write-protect"),
)


def stays(m, end):
    """A migration that is cancelled or fails in its rounds: the guest goes on with the leaves that it had."""
    number = m.migrate("lab-a", HOSTS["lab-b"])
    m.in_the_middle("lab-a", number, 3, 240)
    if end == TERMINATED:
        expect(m.ctl("lab-a", "cancel", number)[0] == 0, "ternctl cancel to succeed")
    else:
        m.link("lab-b", False)
    m.ended("lab-a", number, end, 90)
    m.link("lab-b", True)
    leaves_restored("lab-a")
    m.ticks("lab-a", 3, 90)


def moves(expected):
    m = Moving(HOSTS)
    try:
        m.ticks("lab-a", 3, 400)
        stays(m, TERMINATED)
        stays(m, EXCEPTION)
        for source, destination in (("lab-a", "lab-b"), ("lab-b", "lab-a")):
            m.moved(source, m.migrate(source, HOSTS[destination]), 400)
            wait_log(source, f"writes are tracked by {expected}$", 5)
            m.ticks(destination, 5, 90)
            expect(leaves(destination)[-1]["when"] == "has arrived", f"a line of the arrival at {destination}")
            leaves_whole(leaves(destination)[-1])
    finally:
        m.close()


build()
cases = Cases()
for model, told, kind in RUNS:
    with cases.case(f"{model}, tracker = {told}: {kind}"), lab(*two_hosts(
            linux(), "--cpu", model, migration=f"verify = full\nmax_downtime_ms = 1000\ntracker = {told}\n")):
        moves(kind)
cases.end()
