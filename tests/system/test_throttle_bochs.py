# SPDX-License-Identifier: MIT
# A Linux guest that writes faster than its migration may send: it never fits by itself, so it is slowed down where its writes are
# seen (under A/D, where nothing is seen: as its harvests tell), and moves within a few rounds. Each tracker on the CPU model of Bochs
# that makes Tern choose it.
# limit: 3000
# long
from harness import Cases, config_file, expect, lab, wait_log
from moving import COMPLETED, INITRD, KERNEL, VM, Moving, build

HOSTS = {"lab-a": "10.77.0.2", "lab-b": "10.77.0.3"}
# CPU model, the tracker that Tern chooses for it
RUNS = (
    ("corei7_ivy_bridge_3770k", "write-protect"),
    ("corei7_haswell_4770", "A/D"),
    ("corei7_skylake_x", "PML"),
)
CONFIG = """[host]
name = {host}
[net]
address = {address}/24
[migration]
bandwidth = 2M
"""
GUEST = f"""[vm {VM}]
memory = 128M
kernel = /tern/vmlinuz
initrd = /tern/initrd.gz
cmdline = console=ttyS0 quiet cryptomgr.notests tern.region=16M tern.rate=4000 tern.tick_ms=250
autostart = yes
"""


def lab_words(cpu):
    words = ["--hosts", "2", "--cpu", cpu, "--timeout", "200", "--file", f"lab-a={KERNEL}", "--file", f"lab-a={INITRD}"]
    for host, address in HOSTS.items():
        words += ["--config", f"{host}={config_file(host + '.conf', CONFIG.format(host=host, address=address) + (GUEST if host == 'lab-a' else ''))}"]
    return words


def moves(tracker):
    m = Moving(HOSTS)
    try:
        m.ticks("lab-a", 3, 300)
        job = m.migrate("lab-a", HOSTS["lab-b"], "--when-stuck", "throttle", "--max-downtime", "1500", "--verify", "full")
        done = m.ended("lab-a", job, COMPLETED, 800)
        wait_log("lab-a", f"writes are tracked by {tracker}$", 5)
        wait_log("lab-a", "may dirty [0-9]* pages a second from now on", 5)
        print(f"    {done['Rounds']} rounds in {done['ElapsedMicroseconds'] / 1e6:.1f} s, dirty after each {done['RoundDirtyPages']}, "
              f"expected {done['ExpectedDowntimeMicroseconds']} us, was {done['DowntimeMicroseconds']} us, budget {done['DowntimeTermBudget']}, real {done['DowntimeTermReal']}")
        expect(done["MemoryHashSource"] == done["MemoryHashDestination"], "equal hashes")
        m.ticks("lab-b", 5, 60)
    finally:
        m.close()


build()
cases = Cases()
for model, tracker in RUNS:
    with cases.case(f"{model}: {tracker}"), lab(*lab_words(model)):
        moves(tracker)
cases.end()
