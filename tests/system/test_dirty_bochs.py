# SPDX-License-Identifier: MIT
# No write is ever lost: the program of tests/machine switches tracking on, harvests and switches it off two thousand times
# while its guest writes counters to random pages, and compares what it copied. Each tracker on the CPU model that makes Tern
# choose it. With sync=none a run repeats itself to the instruction.
# limit: 900
import re
import subprocess

from harness import ROOT, Cases, config_file, expect, lab, log_of, wait_log

ATTEMPTS, SEED, HOST = 2000, 1, "lab-a"
RUNS = (("PML", "corei7_skylake_x"), ("A/D", "corei7_haswell_4770"), ("write-protect", "corei7_ivy_bridge_3770k"))
CONFIG = f"""[host]
name = {HOST}
[net]
address = 10.77.0.2/24
[vm writer]
memory = 16M
kernel = /tern/guest.bin
cmdline = lost {ATTEMPTS} {SEED}
autostart = yes
"""
SUMS = (r"machine: (\d+) attempts, (\d+) compared, (\d+) writes, (\d+) pages harvested, (\d+) exits, (\d+) by a full log$")


def lab_words(cpu):
    machine = f"{ROOT}/build/machine"
    return ["--hosts", "1", "--no-wait", "--sync", "none", "--cpu", cpu, "--efi", f"{machine}/BOOTX64.EFI",
            "--file", f"{HOST}={machine}/guest.bin", "--config", f"{HOST}={config_file('tern.conf', CONFIG)}"]


def holds(kind):
    wait_log(HOST, r"machine: end$|panic: ", 280)
    text = log_of(HOST)
    expect("panic: " not in text, "no " + (re.findall(r"panic: .*", text) or [""])[0])
    expect(re.search(f"machine: tracker {kind}$", text, re.M), f"the {kind} tracker to be chosen")
    print("     " + re.search(SUMS, text, re.M).group(0))
    attempts, compared, writes, harvested, exits, full = map(int, re.search(SUMS, text, re.M).groups())
    expect(attempts == ATTEMPTS and compared > ATTEMPTS * 3 / 4, f"{ATTEMPTS} attempts, most of them compared")
    expect(writes > 100 * attempts and harvested > 50 * attempts, "a guest that kept writing")
    expect((full > attempts / 10) == (kind == "PML"), f"full logs under PML and under no other, not {full}")
    expect((exits > 20 * attempts) == (kind == "write-protect"), f"an exit for each first write under write-protection alone, not {exits}")


subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "machine"], check=True)
cases = Cases()
for tracker, model in RUNS:
    with cases.case(f"{tracker} on {model}: no write is lost in {ATTEMPTS} attempts"), lab(*lab_words(model)):
        holds(tracker)
cases.end()
