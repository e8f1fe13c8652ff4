# SPDX-License-Identifier: MIT
"""For tests of the program of tests/machine: one host in Bochs that runs its guest as tern.conf says, with nothing else."""
import subprocess

from harness import ROOT, config_file

HOST = "lab-a"
PROGRAM = f"{ROOT}/build/machine"


def build():
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "machine"], check=True)


def config(vm, cmdline=""):
    """The host's tern.conf with a guest @vm, the guest of tests/machine with @cmdline."""
    lines = ["[host]", f"name = {HOST}", "[net]", "address = 10.77.0.2/24", f"[vm {vm}]", "memory = 16M", "kernel = /tern/guest.bin",
             *([f"cmdline = {cmdline}"] if cmdline else []), "autostart = yes"]
    return "\n".join(lines) + "\n"


def host_words(text, *more):
    """For the lab: the host, with the guest's kernel and @text as its tern.conf."""
    return ["--hosts", "1", "--no-wait", *more, "--file", f"{HOST}={PROGRAM}/guest.bin", "--config",
            f"{HOST}={config_file('tern.conf', text)}"]


def lab_words(text, *more):
    """The same with the program in Tern's place; a run repeats itself to the instruction."""
    return host_words(text, "--sync", "none", *more, "--efi", f"{PROGRAM}/BOOTX64.EFI")
