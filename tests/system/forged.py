# SPDX-License-Identifier: MIT
"""Machines on the lab's bridge whose frames are made by hand: TCP as no kernel would speak it. Nothing answers for them but this."""
import select
import socket
import struct
import time

from lablib import network
from harness import expect

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
OWN_MAC = bytes.fromhex("02546572e001")
INSIDE, OUTSIDE = "forged-in", "forged-out"
ETH_P_ALL, PACKET_OUTGOING = 3, 4
LAST = 1 << 32


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


class Wire:
    """A port of the bridge, used inside the lab's namespace until close()."""

    def __init__(self, host, mac):
        self.host, self.mac, self.peers = host, bytes.fromhex(mac.replace(":", "")), {}
        network.run("ip", "link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE)
        network.run("ip", "link", "set", OUTSIDE, "master", "br0", "up")
        network.run("ip", "link", "set", INSIDE, "up")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((INSIDE, 0))

    def close(self):
        self.socket.close()
        network.run("ip", "link", "del", OUTSIDE)

    def send(self, kind, body):
        self.socket.send((self.mac + OWN_MAC + kind + body).ljust(60, b"\0"))

    def run(self, seconds, done=lambda: False):
        """Takes frames until done(); False: the time was over before."""
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if select.select([self.socket], [], [], left)[0]:
                frame, where = self.socket.recvfrom(65535)
                if where[2] != PACKET_OUTGOING:
                    self.take(frame)
        return True

    def take(self, frame):
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and socket.inet_ntoa(frame[38:42]) in {a for a, _ in self.peers}:
            self.send(b"\x08\x06", frame[14:20] + b"\0\2" + OWN_MAC + frame[38:42] + frame[22:32])
        elif frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_TCP:
            tcp = frame[14 + (frame[14] & 15) * 4:14 + int.from_bytes(frame[16:18], "big")]
            peer = self.peers.get((socket.inet_ntoa(frame[30:34]), int.from_bytes(tcp[2:4], "big")))
            if peer:
                peer.take(tcp)


class Peer:
    """One connection to the host. Without window scaling or any other option; @window is what it announces."""

    def __init__(self, wire, address, port, to, window=60000, acks=True):
        self.wire, self.address, self.port, self.to, self.window, self.acks = wire, address, port, to, window, acks
        self.seq, self.ack, self.acked, self.host_window = 7919 * port, 0, 0, 0
        self.opened = self.reset = self.finished = False
        self.data, self.largest = b"", 0
        wire.peers[address, port] = self

    def segment(self, flags, at=0, data=b"", options=b""):
        """@at: bytes behind the next one to be sent. Leaves seq alone."""
        ends = socket.inet_aton(self.address) + socket.inet_aton(self.wire.host)
        tcp = struct.pack("!HHIIBBHHH", self.port, self.to, (self.seq + at) % LAST, self.ack, (5 + len(options) // 4) << 4, flags,
                          self.window, 0, 0) + options + data
        total = checksum(ends + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp)) + tcp)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, socket.IPPROTO_TCP, 0) + ends
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.wire.send(b"\x08\x00", ip + tcp[:16] + struct.pack("!H", total) + tcp[18:])

    def take(self, tcp):
        number, ack, flags = int.from_bytes(tcp[4:8], "big"), int.from_bytes(tcp[8:12], "big"), tcp[13]
        data = tcp[(tcp[12] >> 4) * 4:]
        self.reset |= bool(flags & RST)
        if flags & ACK:
            self.acked, self.host_window = ack, int.from_bytes(tcp[14:16], "big")
        if flags & SYN:
            self.ack, self.opened = (number + 1) % LAST, True
        elif number == self.ack and data:
            self.ack = (self.ack + len(data)) % LAST
            self.data += data
            self.largest = max(self.largest, len(data))
        if flags & FIN and (number + len(data)) % LAST == self.ack and not self.finished:
            self.ack, self.finished = (self.ack + 1) % LAST, True
        if self.acks and (data or flags & (SYN | FIN)) and not flags & RST:
            self.segment(ACK)

    def open(self):
        self.segment(SYN)
        expect(self.wire.run(5, lambda: self.opened or self.reset) and self.opened, f"an answer to {self.address}'s SYN")
        self.seq = (self.seq + 1) % LAST
        self.segment(ACK)
        return self

    def send(self, data, piece=1460):
        """In order."""
        for at in range(0, len(data), piece):
            part = data[at:at + piece]
            self.segment(ACK | PSH, 0, part)
            self.seq = (self.seq + len(part)) % LAST

    def wait_acked(self, bytes_more, seconds=10):
        """The host has acknowledged everything up to @bytes_more behind what was sent in order."""
        return self.wire.run(seconds, lambda: self.reset or self.acked == (self.seq + bytes_more) % LAST) and not self.reset

    def wait_data(self, what, seconds=10):
        return self.wire.run(seconds, lambda: self.reset or what in self.data) and what in self.data

    def leave(self):
        self.segment(RST | ACK)
        del self.wire.peers[self.address, self.port]
