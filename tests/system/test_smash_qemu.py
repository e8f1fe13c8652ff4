# SPDX-License-Identifier: MIT
# Host code that writes past the end of an array on its stack does not return to where it was told to: the host stops and names the
# function (the program of tests/machine).
# limit: 90
import re
import subprocess

from harness import ROOT, config_file, expect, lab, log_of, wait_log

HOST, FUNCTION = "lab-a", "copy_words"
CONFIG = f"""[host]
name = {HOST}
[net]
address = 10.77.0.2/24
[vm none]
memory = 16M
kernel = /tern/guest.bin
cmdline = smash
"""

subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "machine"], check=True)
MACHINE = f"{ROOT}/build/machine"
with lab("--hosts", "1", "--emulator", "qemu", "--no-wait", "--efi", f"{MACHINE}/BOOTX64.EFI", "--file", f"{HOST}={MACHINE}/guest.bin",
         "--config", f"{HOST}={config_file('tern.conf', CONFIG)}"):
    wait_log(HOST, r"panic: |machine: nobody noticed", 60)
    said = re.search(r"panic: the function at image offset ([0-9a-f]+) wrote past the end of an array on its stack", log_of(HOST))
    expect(said, f"the guard to be found overwritten: {log_of(HOST)[-600:]}")
    symbols = subprocess.run(["nm", "-S", f"{MACHINE}/tern.so"], check=True, capture_output=True, text=True).stdout
    start, size = (int(n, 16) for n in re.search(rf"^(\w+) (\w+) t {FUNCTION}\b", symbols, re.M).groups())
    expect(start <= int(said.group(1), 16) <= start + size, f"an address in {FUNCTION}, not {said.group(1)}")
