# SPDX-License-Identifier: MIT
# A host comes up where the firmware protects its page tables, and where it has many processors to start.
# limit: 420
import os
import re
import sys

from harness import Cases, ROOT, computer_systems, config_file, expect, lab, lab_command, wait_log

CONFIG = """[host]
name = lab-a
[net]
address = 10.77.0.2/24
"""
LATER = os.path.join(ROOT, "build", "deps", "ovmf-2025")

conf = config_file("firmware.conf", CONFIG)
cases = Cases()


def boot(processors, *words):
    lab_command("down", check=False)
    with lab("--hosts", "1", "--emulator", "qemu", "--config", f"lab-a={conf}", "--smp", str(processors), "--timeout", "180", *words):
        expect(computer_systems("10.77.0.2"), "the host itself among the CIM_ComputerSystem instances")
        online = wait_log("lab-a", r"boot: (\d+) processors online", 5)
        expect(int(online.group(1)) == processors, f"{processors} processors online, not {online.group(1)}")
        wait_log("lab-a", r"random numbers seeded by", 5)


with cases.case("24 processors"):
    boot(24)
if os.path.isdir(LATER):
    for n in (1, 4):
        with cases.case(f"a firmware that protects its page tables, {n} processors"):
            boot(n, "--flash", LATER)
    with cases.case("the seed comes from the firmware where the processor has no generator"):
        lab_command("down", check=False)
        with lab("--hosts", "1", "--emulator", "qemu", "--config", f"lab-a={conf}", "--timeout", "180", "--flash", LATER,
                 "--cpu", "max,-rdrand,-rdseed", "--rng"):
            wait_log("lab-a", r"random numbers seeded by the firmware", 5)
else:
    print("the next Debian release's OVMF is not here (tools/deps could not fetch it): not booted")
print(f"{cases.passed} passed, {len(cases.failed)} failed")
sys.exit(1 if cases.failed else 0)
