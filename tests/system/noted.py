# SPDX-License-Identifier: MIT
"""What a host has noted in its firmware's variables before a test begins."""
import os
import shutil
import struct

from lablib import emulator
from lablib.nvram import Store
from harness import FOLDER


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def booted_before(host):
    """As if the host had been up once: its note of that boot is in its variables, so that it need not restart to believe in them."""
    path = os.path.join(FOLDER, host, "variables.fd")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copyfile(emulator.OVMF, path)
    note = b"an earlier boot!" + struct.pack("<Q", 1)
    store = Store(path)
    store.add("Boot", b"TNR1" + struct.pack("<I", crc32c(b"Boot" + note)) + note)
    store.save()
