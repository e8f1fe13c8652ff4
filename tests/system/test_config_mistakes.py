# SPDX-License-Identifier: MIT
# Each mistake in tern.conf is reported with file, line and key; a host with a broken VM still answers CIM.
# one processor
# limit: 90
import re

from harness import computer_systems, config_file, expect, lab, log_of

CONFIG = """[host]
name = lab-a
colour = blue
[net]
address = 10.77.0.2/24
mtu = 99999
[migration]
verify = maybe
[console]
accept_form = 10.77.0.0/24
[vm web1]
memory = plenty
kernel = /tern/vmlinuz
[vm web2]
memory = 64M
kernel = /tern/nowhere
autostart = yes
"""

EXPECTED = {3: "colour", 6: "mtu", 8: "verify", 10: "accept_form", 12: "memory"}

conf = config_file("mistakes.conf", CONFIG)
with lab("--hosts", "1", "--emulator", "qemu", "--config", f"lab-a={conf}", "--timeout", "60"):
    systems = computer_systems("10.77.0.2")
    log = log_of("lab-a")
    for line, key in EXPECTED.items():
        expect(re.search(rf"tern\.conf:{line}:.*\b{key}\b.*expected", log), f"the mistake of line {line} ({key}) in the log")
    expect(re.search(r"tern\.conf:10: \[console\] accept_from: .*nobody is accepted", log), "that the console's door is shut, in the log")
    expect(re.search(r"/tern/nowhere", log), "the missing kernel by its path in the log")
    expect(systems, "the host itself among the CIM_ComputerSystem instances")
