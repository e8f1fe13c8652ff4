# SPDX-License-Identifier: MIT
# A guest in PAE paging keeps the PDPTEs that its processor holds when its state moves to another vCPU (the program of
# tests/machine): its PDPT in memory says something else by then. Once they were loaded by the CPU, once by Tern, after an exit.
# one processor
# limit: 120
import subprocess

from harness import ROOT, Cases, config_file, expect, lab, log_of, wait_log

HOST = "lab-a"
CONFIG = f"""[host]
name = {HOST}
[net]
address = 10.77.0.2/24
[vm pae]
memory = 16M
kernel = /tern/guest.bin
cmdline = pae
autostart = yes
"""

subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "machine"], check=True)
MACHINE = f"{ROOT}/build/machine"
cases = Cases()
with lab("--hosts", "1", "--no-wait", "--sync", "none", "--efi", f"{MACHINE}/BOOTX64.EFI", "--file", f"{HOST}={MACHINE}/guest.bin",
         "--config", f"{HOST}={config_file('tern.conf', CONFIG)}"):
    wait_log(HOST, r"machine: end$|panic: ", 90)
    for who in ("the CPU", "Tern"):
        with cases.case(f"PDPTEs loaded by {who}: the guest writes on where it wrote before it moved"):
            text = log_of(HOST)
            for words in ("first page has 1 2", "other page has 0 0"):
                expect(f"pae, PDPTEs loaded by {who}: {words}" in text, f"\"{words}\" in the log: {text[-600:]}")
cases.end()
