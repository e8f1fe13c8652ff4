# SPDX-License-Identifier: MIT
# A tern.conf that is empty, binary, endless or without an end still gives a host that comes up and says what is wrong;
# so does a network card that Tern has no driver for.
# one processor
# limit: 180
import os
import random

from harness import FOLDER, Cases, computer_systems, config_file, expect, lab, log_of, wait_log

NET = "[net]\naddress = {}/24\n"


def binary_file(name, data):
    os.makedirs(FOLDER, exist_ok=True)
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


noise = random.Random(1).randbytes(60000)
FILES = {
    "lab-a": config_file("empty.conf", ""),
    "lab-b": binary_file("noise.conf", noise + b"\n" + NET.format("10.77.0.3").encode()),
    "lab-c": config_file("many.conf", NET.format("10.77.0.4") + "".join(f"[vm vm{n}]\nmemory = 64M\nkernel = /k{n}\n" for n in range(300))),
    "lab-d": config_file("long.conf", NET.format("10.77.0.5") + "[host]\nname = " + "x" * 20000 + "\n[vm web1\nmemory"),
}

c = Cases()
words = [w for host, path in FILES.items() for w in ("--config", f"{host}={path}")]
with lab("--hosts", "4", "--emulator", "qemu", "--memory", "128", "--no-wait", *words):
    for host, what in zip(FILES, ("empty", "binary noise", "three hundred VMs", "a name of 20000 bytes")):
        with c.case(f"{what}: the host comes up"):
            wait_log(host, r"CIM listens on port", 90)
            expect("panic" not in log_of(host).lower(), "no panic")
            if host != "lab-a":
                wait_log(host, r"config: .*tern\.conf:\d+:.*expected", 5)
    for host, address in (("lab-c", "10.77.0.4"), ("lab-d", "10.77.0.5")):
        with c.case(f"{host} answers at the address that its file names"):
            wait_log(host, rf"ready at {address}", 30)
            expect(computer_systems(address), "the host among its systems")
    if c.failed:
        c.end()
with lab("--hosts", "1", "--emulator", "qemu", "--memory", "128", "--nic", "virtio-net-pci", "--no-wait"):
    with c.case("a network card without a driver: the host says so and stays up"):
        wait_log("lab-a", r"net: .*(no .*card|no .*network|driver|not supported)", 60)
        expect("panic" not in log_of("lab-a").lower(), "no panic")
    c.end()
