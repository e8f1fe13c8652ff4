# SPDX-License-Identifier: MIT
# A CPU with VT-x and without XSAVE (Westmere): the host says what is missing, refuses the guest that should start with it, and serves.
# one processor
# limit: 150
import subprocess

from harness import ROOT, Cases, computer_systems, config_file, expect, lab, log_of, wait_log

HOST = "lab-a"
CONFIG = f"""[host]
name = {HOST}
[net]
address = 10.77.0.2/24
[vm web]
memory = 16M
kernel = /tern/guest.bin
autostart = yes
"""

subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "machine"], check=True)
cases = Cases()
with lab("--hosts", "1", "--no-wait", "--cpu", "corei5_arrandale_m520", "--file", f"{HOST}={ROOT}/build/machine/guest.bin",
         "--config", f"{HOST}={config_file('tern.conf', CONFIG)}"):
    wait_log(HOST, r"net: ready|panic: ", 100)
    with cases.case("the log names what is missing"):
        wait_log(HOST, r"missing: .*XSAVE", 1)
    with cases.case("the guest is refused, and the host answers"):
        wait_log(HOST, r"web does not start: .*XSAVE", 5)
        names = computer_systems("10.77.0.2")
        expect(HOST in names, f"the host in {names}")
        expect("panic" not in log_of(HOST), log_of(HOST)[-600:])
cases.end()
