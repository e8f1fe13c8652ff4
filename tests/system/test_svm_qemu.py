# SPDX-License-Identifier: MIT
# Two hosts on QEMU's SVM: Debian's kernel comes up on the nested page tables and ticks; it moves there with its writes
# tracked by write protection, and back with dirty bits, and both hosts hash the same memory.
# limit: 400
from harness import Cases, config_file, expect, lab, log_of, wait_log
from moving import INITRD, KERNEL, TWO as HOSTS, Moving, build, linux

TICKS = 20
# host, where it sends the guest, what its tern.conf says of the tracker, tracker
MOVES = (("lab-a", "lab-b", "write-protect", "write-protect"), ("lab-b", "lab-a", "auto", "A/D"))
CONFIG = """[host]
name = {}
[net]
address = {}/24
[migration]
verify = full
max_downtime_ms = 1000
tracker = {}
"""

build()
words = ["--hosts", "2", "--emulator", "qemu", "--cpu", "svm", "--timeout", "120"]
for path in (KERNEL, INITRD):
    words += ["--file", f"lab-a={path}"]
for host, _, told, _ in MOVES:
    text = CONFIG.format(host, HOSTS[host], told) + (linux() if host == "lab-a" else "")
    words += ["--config", f"{host}={config_file(host + '.conf', text)}"]
cases = Cases()
with lab(*words):
    m = Moving(HOSTS)
    try:
        with cases.case("the host says that it has SVM"):
            wait_log("lab-a", r"svm: SVM usable; revision \d+, \d+ ASIDs$", 5)
        with cases.case(f"the guest comes up and ticks {TICKS} times"):
            m.ticks("lab-a", TICKS, 120)
            m.answers("lab-a")
        for source, destination, _, tracker in MOVES:
            with cases.case(f"the guest moves from {source} to {destination}, tracked by {tracker}, and goes on"):
                m.moved(source, m.migrate(source, HOSTS[destination]), 150)
                wait_log(source, f"writes are tracked by {tracker}$", 5)
                m.ticks(destination, 5, 60)
                m.answers(destination)
        with cases.case("no entry failed"):
            for host in HOSTS:
                expect("VMRUN failed" not in log_of(host), f"no failed entry in {host}'s log")
    finally:
        m.close()
cases.end()
