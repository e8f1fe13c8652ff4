# SPDX-License-Identifier: MIT
# The life of a Linux guest that moves, on one lab of two hosts in Bochs of which only lab-a has kernel and initrd: it resets itself while its
# pages are on their way, and the move goes on with the machine that was reset; it resets itself, and triple-faults, where it came to; it
# powers off there, and starts there again; by Restart it moves home, with what it is started from; off at lab-b again it is started at home,
# which claims it. Nothing of it is marked autostart.
# limit: 1500
# long
import time

from harness import Cases, expect, lab, log_of, until
from moving import COMPLETED, TWO as HOSTS, VM, Moving, build, linux, two_hosts


def new_boot(m, host, ends):
    """@ends ends the boot that runs; the guest must boot anew on @host, with a boot id of its own."""
    old, since = m.boot, time.monotonic()
    ends()
    m.boot, m.last = None, 0
    until(f"ticks of another boot than {old} on {host}", 240, lambda: any(
        t.host == host and t.wall >= since and t.boot != old for t in m.station.tail.reader.ticks))
    m.boot = next(t.boot for t in reversed(m.station.tail.reader.ticks) if t.host == host and t.boot != old)


def types(m, host, text):
    """@text is typed, and the machine is not there to answer."""
    return lambda: m.station.type(host, text, "", 5)


build()
cases = Cases()
with lab(*two_hosts(linux(says="loglevel=6", autostart="no"))):
    moving = Moving(HOSTS)
    try:
        with cases.case("a guest that resets itself in the rounds moves as the machine that was reset"):
            expect(moving.ctl("lab-a", "start", VM)[0] == 0, f"{VM} started on lab-a")
            moving.ticks("lab-a", 2, 300)
            job = moving.migrate("lab-a", HOSTS["lab-b"])
            moving.in_the_middle("lab-a", job, 2, 60)
            moving.station.type("lab-a", "reboot -f", "", 5)
            moving.ended("lab-a", job, COMPLETED, 240)
            expect(f"{VM} starts again" in log_of("lab-a"), "a reset on lab-a, in the log")
        with cases.case("it boots at the destination, which has got kernel and initrd"):
            until("ticks on lab-b", 300, lambda: any(t.host == "lab-b" for t in moving.station.tail.reader.ticks))
            moving.boot = next(t.boot for t in reversed(moving.station.tail.reader.ticks) if t.host == "lab-b")
        with cases.case("it resets itself where it came to, and starts again there"):
            new_boot(moving, "lab-b", types(moving, "lab-b", "reboot -f"))
        with cases.case("a triple fault is a reset, and logged"):
            new_boot(moving, "lab-b", types(moving, "lab-b", "echo triple >/sys/kernel/reboot/type; reboot -f"))
            expect(f"{VM}: triple fault of vCPU 0" in log_of("lab-b"), "the triple fault in lab-b's log")
        with cases.case("it powers off there, and can be started there again"):
            moving.station.type("lab-b", "poweroff -f", "", 5)
            until(f"{VM} to be off on lab-b", 60, lambda: moving.systems("lab-b")[0][VM]["EnabledState"] == 3)
            new_boot(moving, "lab-b", lambda: expect(moving.ctl("lab-b", "start", VM)[0] == 0, f"{VM} started on lab-b"))
        with cases.case("by Restart it moves home from there"):
            new_boot(moving, "lab-a", lambda: moving.ended("lab-b", moving.migrate("lab-b", HOSTS["lab-a"], "--type", "restart"), COMPLETED, 240))
        with cases.case("while it runs where it moved to it is not started at home, by the other's word"):
            moving.ended("lab-a", moving.migrate("lab-a", HOSTS["lab-b"]), COMPLETED, 240)
            code, answer = moving.ctl("lab-a", "start", VM)
            expect(code != 0 and f"{VM} runs on lab-b" in str(answer), f"{VM} runs on lab-b, not {answer}")
        with cases.case("off there it is started at home, and is gone there"):
            moving.station.type("lab-b", "poweroff -f", "", 5)
            until(f"{VM} to be off on lab-b", 60, lambda: moving.systems("lab-b")[0][VM]["EnabledState"] == 3)
            new_boot(moving, "lab-a", lambda: expect(moving.ctl("lab-a", "start", VM)[0] == 0, f"{VM} started on lab-a"))
            expect(VM not in moving.systems("lab-b")[0], f"{VM} gone from lab-b")
    finally:
        moving.close()
    cases.end()
