# SPDX-License-Identifier: MIT
# The three dirty trackers under a running Linux guest, each on the CPU model of Bochs that makes Tern choose it: the
# guest moves, both hosts hash the same memory, and it goes on. With tern.conf forcing one, a CPU with all three obeys. Before
# that a cancelled and a failed migration: the EPT leaves are those of before, and so after the way there and back.
# limit: 1800
# long
from harness import Cases, config_file, expect, lab, wait_log
from moving import EXCEPTION, INITRD, KERNEL, TERMINATED, VM, Moving, build, leaves, leaves_restored, leaves_whole

HOSTS = {"lab-a": "10.77.0.2", "lab-b": "10.77.0.3"}
# CPU model, what tern.conf says, tracker
RUNS = (
    ("corei7_haswell_4770", "auto", "A/D"),
    ("corei7_ivy_bridge_3770k", "auto", "write-protect"),
    ("corei7_skylake_x", "auto", "PML"),
    ("corei7_skylake_x", "write-protect", "write-protect"),
)
CONFIG = """[host]
name = {host}
[net]
address = {address}/24
[migration]
verify = full
max_downtime_ms = 1000
tracker = {tracker}
"""
GUEST = f"""[vm {VM}]
memory = 128M
kernel = /tern/vmlinuz
initrd = /tern/initrd.gz
cmdline = console=ttyS0 quiet cryptomgr.notests tern.region=4M tern.rate=100 tern.tick_ms=250
autostart = yes
"""


def lab_words(cpu, tracker):
    words = ["--hosts", "2", "--cpu", cpu, "--timeout", "200", "--file", f"lab-a={KERNEL}", "--file", f"lab-a={INITRD}"]
    for host, address in HOSTS.items():
        text = CONFIG.format(host=host, address=address, tracker=tracker) + (GUEST if host == "lab-a" else "")
        words += ["--config", f"{host}={config_file(host + '.conf', text)}"]
    return words


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
    with cases.case(f"{model}, tracker = {told}: {kind}"), lab(*lab_words(model, told)):
        moves(kind)
cases.end()
