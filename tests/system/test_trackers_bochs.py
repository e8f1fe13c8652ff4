# SPDX-License-Identifier: MIT
# The three dirty trackers under a running Linux guest, each on the CPU model of Bochs that makes Tern choose it: the
# guest moves, both hosts hash the same memory, and it goes on. With tern.conf forcing one, a CPU with all three obeys.
# limit: 900
# long
from harness import Cases, config_file, lab, wait_log
from moving import INITRD, KERNEL, VM, Moving, build

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


def moves(expected):
    m = Moving(HOSTS)
    try:
        m.ticks("lab-a", 3, 300)
        job = m.migrate("lab-a", HOSTS["lab-b"])
        m.moved("lab-a", job, 240)
        wait_log("lab-a", f"writes are tracked by {expected}$", 5)
        m.ticks("lab-b", 5, 60)
    finally:
        m.close()


build()
cases = Cases()
for model, told, kind in RUNS:
    with cases.case(f"{model}, tracker = {told}: {kind}"), lab(*lab_words(model, told)):
        moves(kind)
cases.end()
