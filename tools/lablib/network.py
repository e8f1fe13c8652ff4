# SPDX-License-Identifier: MIT
"""The namespace with its bridge (the management station) and one tap per host."""
import ctypes
import os
import subprocess

from . import LabError
from .state import BRIDGE_ADDRESS

CLONE_NEWNET = 0x40000000


def run(*words):
    r = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if r.returncode:
        raise LabError(f"{' '.join(words)}: {(r.stderr or r.stdout).strip() or 'failed'}")
    return r.stdout


def exists(netns):
    return os.path.exists(f"/run/netns/{netns}")


def create(netns, hosts):
    run("ip", "netns", "add", netns)
    for words in (["link", "set", "lo", "up"],
                  ["link", "add", "br0", "type", "bridge"],
                  ["addr", "add", f"{BRIDGE_ADDRESS}/24", "dev", "br0"],
                  ["link", "set", "br0", "up"]):
        run("ip", "-n", netns, *words)
    for h in hosts:
        run("ip", "-n", netns, "tuntap", "add", "dev", h.tap, "mode", "tap")
        run("ip", "-n", netns, "link", "set", h.tap, "master", "br0")
        run("ip", "-n", netns, "link", "set", h.tap, "up")


def remove(netns):
    """Bridge and taps go with the namespace."""
    if exists(netns):
        run("ip", "netns", "del", netns)


def set_link(netns, tap, up):
    run("ip", "-n", netns, "link", "set", tap, "up" if up else "down")


def link_is_up(netns, tap):
    try:
        return ",UP" in run("ip", "-n", netns, "-o", "link", "show", tap)
    except LabError:
        return False


def enter(netns):
    """Moves this process into the namespace."""
    with open(f"/run/netns/{netns}", "rb") as f:
        set_namespace(f.fileno())


def set_namespace(fd):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, CLONE_NEWNET):
        raise LabError(f"can't enter the network namespace: {os.strerror(ctypes.get_errno())}")
