# SPDX-License-Identifier: MIT
# The lab's console sends the VM's name first, shows what the guest wrote, and passes bytes both ways.
# A small server stands in for the host, which is only started and ended.
# one processor
# limit: 60
import os
import pty
import socket
import subprocess
import threading
import time

from lablib import network, state
from harness import FOLDER, LAB, config_file, expect, lab_command

REPLAY = b"[    0.0] guest says hello\r\n\xff\x00end\r\n"
heard = []


def chatter(c):
    """A guest that never stops writing."""
    with c:
        try:
            while True:
                c.sendall(b"tick\n")
                time.sleep(0.1)
        except OSError:
            pass


def serve(listener):
    while True:
        c, _ = listener.accept()
        data = b""
        while b"\n" not in data:
            data += c.recv(100)
        name, _, data = data.partition(b"\n")
        c.sendall(REPLAY)
        if name == b"chatty":
            chatter(c)
            continue
        while b"!" not in data:
            more = c.recv(100)
            if not more:
                break
            data += more
        heard.append((name, data))
        c.sendall(data.upper())
        c.close()


conf = config_file("one-vm.conf", "[net]\naddress = 10.77.0.2/24\n[vm web1]\nmemory = 64M\nkernel = k\n")
lab_command("up", "--hosts", "1", "--emulator", "qemu", "--no-wait", "--config", f"lab-a={conf}")
try:
    lab_command("kill", "lab-a")
    network.enter(state.running(FOLDER).netns)
    network.run("ip", "addr", "add", "10.77.0.2/24", "dev", "br0")
    server = socket.create_server(("10.77.0.2", 5990))
    threading.Thread(target=serve, args=(server,), daemon=True).start()

    r = subprocess.run([LAB, "console", "lab-a", "other", "--dump"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    expect(r.stdout == REPLAY, f"--dump to print the guest's bytes unchanged, not {r.stdout!r}")

    r = subprocess.run([LAB, "console", "lab-a", "chatty", "--dump"], stdin=subprocess.DEVNULL, capture_output=True, check=True,
                       timeout=20)
    expect(r.stdout.startswith(REPLAY), f"--dump to end although the guest writes on, not {r.stdout!r}")

    r = subprocess.run([LAB, "console", "lab-a"], input=b"type this!", capture_output=True, check=True)
    expect(r.stdout == REPLAY + b"TYPE THIS!", f"both directions through a pipe, not {r.stdout!r}")
    expect(heard[-1] == (b"web1", b"type this!"), f"the only VM's name by itself, not {heard[-1]!r}")

    pid, terminal = pty.fork()
    if not pid:
        os.execv(LAB, [LAB, "console", "lab-a", "web1"])
    seen = b""
    while REPLAY not in seen:  # what comes before is said while the terminal isn't raw yet
        seen += os.read(terminal, 1000)
    os.write(terminal, b"ab\x03\x1d")
    expect(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "Ctrl-] to end the console")
    for _ in range(50):
        if len(heard) < 3:
            time.sleep(0.1)  # the server is a thread of its own
    expect(heard[-1] == (b"web1", b"ab\x03"), f"raw keys, Ctrl-C among them, without Ctrl-], not {heard[-1]!r}")
finally:
    lab_command("down", check=False)
