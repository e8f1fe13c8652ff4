# SPDX-License-Identifier: MIT
"""What the three dirty trackers cost: the program of tests/machine on the CPU model that makes Tern choose each."""
import os
import re
import subprocess
import time

from . import BenchError

HOST = "lab-a"
MODELS = (("write-protect", "corei7_ivy_bridge_3770k"), ("A/D", "corei7_haswell_4770"), ("PML", "corei7_skylake_x"))
TRACKER = re.compile(r"machine: tracker (\S+)$", re.M)
FIGURE = re.compile(r"machine: figure (\w+) pages (\d+) ticks (\d+)$", re.M)
CONFIG = """[host]
name = lab-a

[net]
address = 10.77.0.2/24

[vm figures]
memory = 128M
vcpus = 1
kernel = /tern/guest.bin
cmdline = figures
autostart = yes
"""


def log_at_end(lab, folder, limit_s):
    """The host's log once it says that it is done."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        done = subprocess.run([lab, "log", "--dir", folder, HOST], capture_output=True, check=False, stdin=subprocess.DEVNULL)
        text = done.stdout.decode("utf-8", "replace").replace("\r", "")
        if "machine: end\n" in text:
            return text
        if "panic: " in text:
            raise BenchError("the host panicked: " + text[text.index("panic: "):].split("\n", 1)[0])
        time.sleep(0.5)
    raise BenchError(f"the host did not finish in {limit_s} s; see {folder}")


def one(root, args, kind, model):
    lab, folder = os.path.join(root, "tools/lab"), os.path.join(args.dir, "tracking")
    config = os.path.join(args.dir, "tracking.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write(CONFIG)
    up = [lab, "up", "--dir", folder, "--hosts", "1", "--no-wait", "--sync", "none", "--cpu", model, "--config", f"{HOST}={config}",
          "--efi", os.path.join(args.machine, "BOOTX64.EFI"), "--file", f"{HOST}={os.path.join(args.machine, 'guest.bin')}"]
    try:
        if subprocess.run(up, check=False).returncode:
            raise BenchError("the host did not come up")
        text = log_at_end(lab, folder, args.limit)
    finally:
        subprocess.run([lab, "down", "--dir", folder], check=False, start_new_session=True)
    chosen, figures = TRACKER.findall(text), {}
    if chosen != [kind]:
        raise BenchError(f"{model} was to track by {kind}, not by {chosen}")
    for name, pages, ticks in FIGURE.findall(text):
        figures.setdefault(name, {"pages": int(pages), "ticks": []})["ticks"].append(int(ticks))
    if not figures:
        raise BenchError(f"the host of {kind} gave no figures")
    return {"cpu": model, "figures": figures}


def measure(root, args):
    return {kind: one(root, args, kind, model) for kind, model in MODELS}
