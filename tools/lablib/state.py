# SPDX-License-Identifier: MIT
"""A lab's folder: its lock, its record (lab.json) and its hosts. The record is what `down` goes by."""
import dataclasses
import fcntl
import hashlib
import json
import os

from . import LabError

BRIDGE_ADDRESS = "10.77.0.1"
MAX_HOSTS = 16


@dataclasses.dataclass
class Host:
    name: str
    index: int
    address: str
    mac: str
    tap: str
    folder: str
    emulator: str = ""
    cpu: str = ""
    ips: int = 60000000  # of Bochs
    memory: int = 0  # MiB
    pid: int = 0
    started: int = 0  # the process' start time in ticks, so that a reused pid is not taken for it

    @property
    def serial(self):
        return os.path.join(self.folder, "com1.txt")

    @property
    def image(self):
        return os.path.join(self.folder, "esp.img")

    @property
    def variables(self):
        """What the firmware keeps while the host is off."""
        return os.path.join(self.folder, "variables.fd")

    @property
    def config(self):
        return os.path.join(self.folder, "tern.conf")


@dataclasses.dataclass
class Lab:
    folder: str
    netns: str
    options: dict
    hosts: list

    def host(self, name):
        for h in self.hosts:
            if name in (h.name, h.address):
                return h
        raise LabError(f"{name}: no such host; this lab has {', '.join(h.name for h in self.hosts)}")

    def save(self):
        path = os.path.join(self.folder, "lab.json")
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump(dataclasses.asdict(self), f, indent=1)
        os.replace(path + ".new", path)


def folder_of(path):
    return os.path.realpath(path)


def netns_of(folder):
    """Derived from the folder, so that labs in different folders can coexist."""
    return "tern-" + hashlib.sha256(folder.encode()).hexdigest()[:10]


def new_hosts(folder, count):
    """Their emulator, CPU and memory are the caller's to set."""
    if not 1 <= count <= MAX_HOSTS:
        raise LabError(f"--hosts {count}: from 1 to {MAX_HOSTS}")
    hosts = []
    for i in range(count):
        name = "lab-" + "abcdefghijklmnop"[i]
        hosts.append(Host(name, i, f"10.77.0.{i + 2}", f"52:54:00:12:34:{0x50 + i:02x}", f"tap{i}",
                          os.path.join(folder, name)))
    return hosts


def load(folder):
    """The lab recorded in the folder, or None."""
    try:
        with open(os.path.join(folder, "lab.json"), encoding="utf-8") as f:
            d = json.load(f)
        d["hosts"] = [Host(**h) for h in d["hosts"]]
        return Lab(**d)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as e:
        raise LabError(f"{folder}/lab.json can't be read ({e}); end its machines by hand and delete it") from e


def running(folder):
    lab = load(folder)
    if not lab:
        raise LabError(f"no lab is up in {folder}; start one with: tools/lab up")
    return lab


class Lock:
    """Held while a lab is put up or taken down."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.file = open(os.path.join(folder, "lock"), "w", encoding="utf-8")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"another lab command is at work in {folder}; wait for it or interrupt it") from None
