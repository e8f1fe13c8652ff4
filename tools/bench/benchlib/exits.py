# SPDX-License-Identifier: MIT
"""Instructions per VM exit: one host in Bochs whose clock counts instructions, a guest that counts its own."""
import gzip
import os
import re
import subprocess
import time

from . import BenchError

HOST, VM = "lab-a", "bench"
LINE = re.compile(r"^bench (\w+) min (-?[\d.]+) median (-?[\d.]+) iterations (\d+) batches (\d+)\s*$", re.M)
CMDLINE = "console=ttyS0 quiet cryptomgr.notests"
CONFIG = """[host]
name = {host}
log_level = info

[net]
address = 10.77.0.2/24

[vm {vm}]
memory = 128M
vcpus = 1
kernel = /tern/vmlinuz
initrd = /tern/bench.gz
cmdline = {cmdline}
autostart = yes
"""


def record(name, mode, data):
    """A cpio entry, format newc; the kernel brings /dev/console itself."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def make_files(args):
    config, initrd = os.path.join(args.dir, "tern.conf"), os.path.join(args.dir, "bench.gz")
    with open(config, "w", encoding="utf-8") as f:
        f.write(CONFIG.format(host=HOST, vm=VM, cmdline=CMDLINE))
    try:
        with open(args.measure, "rb") as f:
            program = f.read()
    except OSError as e:
        raise BenchError(f"{args.measure}: {e.strerror}; run: make bench") from e
    with open(initrd, "wb") as f:
        f.write(gzip.compress(record(b"init", 0o100755, program) + record(b"TRAILER!!!", 0, b""), 9, mtime=0))
    return config, initrd


def console(lab, folder):
    done = subprocess.run([lab, "console", "--dir", folder, "--dump", HOST, VM], capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=60)
    return done.stdout.decode("utf-8", "replace").replace("\r", "")


def wait_for_end(lab, folder, limit_s):
    """The guest's console once it says that it is done. While its clock outruns ours, a connection may fail."""
    deadline, text = time.monotonic() + limit_s, ""
    while time.monotonic() < deadline:
        try:
            text = console(lab, folder) or text
        except subprocess.TimeoutExpired:
            pass
        if "bench end" in text:
            return text
        time.sleep(2)
    last = text.strip().splitlines()[-3:]
    raise BenchError(f"the guest did not finish in {limit_s} s; its console's end: {' | '.join(last) or '(nothing)'}")


def measure(root, args):
    lab, folder = os.path.join(root, "tools/lab"), os.path.join(args.dir, "lab")
    config, initrd = make_files(args)
    up = [lab, "up", "--dir", folder, "--hosts", "1", "--sync", "none", "--cpu", args.cpu, "--config", f"{HOST}={config}",
          "--file", f"{HOST}={args.kernel}:vmlinuz", "--file", f"{HOST}={initrd}"]
    try:
        if subprocess.run(up, check=False).returncode:
            raise BenchError("the host did not come up")
        text = wait_for_end(lab, folder, args.limit)
    finally:
        subprocess.run([lab, "down", "--dir", folder], check=False, start_new_session=True)
    rows = LINE.findall(text)
    if not rows:
        raise BenchError("the guest printed no figures: " + " | ".join(text.strip().splitlines()[-5:]))
    return {"cpu": args.cpu, "iterations": int(rows[0][3]), "batches": int(rows[0][4]),
            "instructions": {name: {"min": float(low), "median": float(median)} for name, low, median, _n, _b in rows}}
