# SPDX-License-Identifier: MIT
# A guest that runs moves between hosts whose TSCs run at 60 and 45 MHz: it keeps its frequency where the CPU scales, there and back.
# limit: 420
import os
import time

from harness import Cases, config_file, expect, lab, until, wait_log
from moving import COMPLETED, ROOT, VM, Moving, build

HOSTS = {"lab-a": "10.77.0.2", "lab-b": "10.77.0.3"}
GUEST_FILE = os.path.join(ROOT, "build", "tests", "guest")
CONFIG = """[host]
name = {host}
[net]
address = {address}/24
[migration]
verify = full
"""
GUEST = f"""[vm {VM}]
memory = 32M
kernel = /tern/guest
autostart = yes
"""


def words(*more):
    out = ["--hosts", "2", "--timeout", "200", "--ips", "lab-b=45000000", "--file", f"lab-a={GUEST_FILE}", *more]
    for host, address in HOSTS.items():
        out += ["--config", f"{host}={config_file(host + '.conf', CONFIG.format(host=host, address=address) + (GUEST if host == 'lab-a' else ''))}"]
    return out


def ticks(m, host):
    """Three fresh ticks there, after all earlier ones, no write lost and time going on."""
    since = time.monotonic()
    until(f"ticks of {VM} on {host}", 60, lambda: sum(t.host == host and t.wall >= since for t in m.station.tail.poll().ticks) >= 3)
    # The small guest's boot id ends in the tick's number, unless two lines were joined.
    seen = [t for t in m.station.tail.reader.ticks if t.boot[-12:] == f"{t.number:012x}"]
    for old, new in zip(seen, seen[1:]):
        expect(new.number > old.number and new.time_ns > old.time_ns and not new.bad, f"ticks that never go back, not {old} and then {new}")
        expect(new.writes - old.writes == 12 * (new.number - old.number), f"no write lost between {old} and {new}")


build()
cases = Cases()
with lab(*words()):
    m = Moving(HOSTS)
    try:
        with cases.case("the two frequencies are measured"):
            wait_log("lab-a", r"the TSC runs at (60000|59999|60001)\.", 5)
            wait_log("lab-b", r"the TSC runs at (45000|44999|45001)\.", 5)
        with cases.case("to the slower host"):
            ticks(m, "lab-a")
            m.ended("lab-a", m.migrate("lab-a", HOSTS["lab-b"]), COMPLETED, 120)
            ticks(m, "lab-b")
        with cases.case("and back"):
            m.ended("lab-b", m.migrate("lab-b", HOSTS["lab-a"]), COMPLETED, 120)
            ticks(m, "lab-a")
        cases.end()
    finally:
        m.close()
