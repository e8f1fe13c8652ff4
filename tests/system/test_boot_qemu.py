# SPDX-License-Identifier: MIT
# Without VT-x and SVM the control plane comes up all the same, and the log says why no guest can run.
# one processor
# limit: 120
from harness import computer_systems, config_file, expect, lab, wait_log

CONFIG = """[host]
name = lab-a
[net]
address = 10.77.0.2/24
[vm web1]
memory = 64M
kernel = /tern/vmlinuz
autostart = yes
"""

conf = config_file("novtx.conf", CONFIG)
with lab("--hosts", "1", "--emulator", "qemu", "--config", f"lab-a={conf}", "--file", "lab-a=LICENSE:vmlinuz", "--timeout", "60"):
    expect(computer_systems("10.77.0.2"), "the host itself among the CIM_ComputerSystem instances")
    reason = wait_log("lab-a", r"^.*this CPU has no (VT-x|SVM).*$", 5)
    print("reason given:", reason.group(0))
