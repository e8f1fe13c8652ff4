# SPDX-License-Identifier: MIT
"""A gate on the way of one host's frames, which sees records of the migration protocol before they arrive.

The host's tap leaves the bridge; a thread carries its frames to the bridge's other port and back, follows the
migration connections' bytes and, at the frame that completes the awaited record, lets somebody act while no frame moves."""
import ctypes
import fcntl
import select
import socket
import struct
import threading
import time

from . import LabError, network

MIGRATION_PORT = 5991
HEADER = struct.Struct("<HHIII16s")
TYPES = {1: "HELLO", 2: "OFFER", 3: "ACCEPT", 4: "REJECT", 5: "PAGES", 6: "ROUND_END", 7: "ROUND_ACK", 8: "STATE",
         9: "STATE_REPORT", 10: "STOP", 11: "READY", 12: "COMMIT", 13: "RUNNING", 14: "DONE", 15: "QUERY", 16: "ANSWER",
         17: "REFUSED", 18: "HEARTBEAT", 19: "ABORT"}
ETH_P_ALL, PACKET_OUTGOING = 3, 4
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
SYN, RST = 2, 4


class Stream:
    """One direction of one TCP connection: bytes in order, cut into records."""

    def __init__(self, first):
        self.next, self.early, self.data = first, {}, b""

    def add(self, at, data):
        """Takes a segment; gives the (type, beginning of the body) of each record that is complete now."""
        self.early[at] = max(data, self.early.get(at, b""), key=len)
        while True:
            usable = [(a, d) for a, d in self.early.items() if (self.next - a) & 0xffffffff < 1 << 31]
            if not usable:
                break
            for a, d in usable:
                del self.early[a]
                new = d[(self.next - a) & 0xffffffff:]
                self.data += new
                self.next = (self.next + len(new)) & 0xffffffff
        while len(self.data) >= HEADER.size:
            kind, _zero, length, *_ = HEADER.unpack_from(self.data)
            if len(self.data) < HEADER.size + length:
                break
            yield kind, self.data[HEADER.size:HEADER.size + 4]
            self.data = self.data[HEADER.size + length:]


def is_migration(frame):
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
        return False
    return MIGRATION_PORT in struct.unpack_from(">HH", frame, 14 + (frame[14] & 15) * 4)


class Records:
    """Names the records of all migration connections: DRY_STATE is STATE of a dry run, LAST_PAGES is PAGES after STOP."""

    def __init__(self):
        self.streams, self.stopped = {}, set()

    def of(self, frame):
        """The names of the records that @frame completes, with the address of who sent them."""
        if not is_migration(frame):
            return
        ip = 14 + (frame[14] & 15) * 4
        source, to, at = struct.unpack_from(">HHI", frame, ip)
        flags, key = frame[ip + 13], (frame[26:30], source, frame[30:34], to)
        if flags & SYN:
            self.streams[key] = Stream((at + 1) & 0xffffffff)
            self.stopped.discard(key)
        elif key in self.streams and not flags & RST:
            end = 14 + int.from_bytes(frame[16:18], "big")
            data = frame[ip + (frame[ip + 12] >> 4) * 4:end]
            for kind, body in self.streams[key].add(at, data) if data else ():
                yield self.name(key, kind, body), socket.inet_ntoa(frame[26:30])

    def name(self, key, kind, body):
        name = TYPES.get(kind, f"type {kind}")
        if name == "STOP":
            self.stopped.add(key)
        if name == "STATE" and body[0] & 1:
            return "DRY_STATE"
        return "LAST_PAGES" if name == "PAGES" and key in self.stopped else name


def sum_in_software(interface):
    """Whoever sends through @interface writes checksums itself: frames that a socket takes up here must be whole."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        value = ctypes.create_string_buffer(struct.pack("=II", ETHTOOL_STXCSUM, 0))
        fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sQ", interface.encode(), ctypes.addressof(value)))


class Gate:
    """Used by a process inside the lab's namespace. @act of arm() gets pass_on(), which lets the frame go on."""

    def __init__(self, netns, tap):
        self.netns, self.tap, inside, outside = netns, tap, f"{tap}-in", f"{tap}-out"
        network.run("ip", "-n", netns, "link", "add", outside, "type", "veth", "peer", "name", inside)
        for words in (["set", outside, "master", "br0", "up"], ["set", inside, "up"], ["set", tap, "nomaster"]):
            network.run("ip", "-n", netns, "link", *words)
        sum_in_software(outside)
        self.host, self.net = (self.open(i) for i in (tap, inside))
        self.outside = outside
        self.lock, self.records, self.seen = threading.Lock(), Records(), []
        self.wanted, self.fired, self.error, self.ending = None, threading.Event(), None, False
        self.holding, self.held = False, []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def open(self, interface):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((interface, 0))
        return s

    def close(self):
        """The host is on the bridge again."""
        self.ending = True
        self.thread.join(10)
        self.host.close()
        self.net.close()
        network.run("ip", "-n", self.netns, "link", "del", self.outside)
        network.run("ip", "-n", self.netns, "link", "set", self.tap, "master", "br0")

    def arm(self, record, sender, count, act):
        """Once the @count-th @record from address @sender comes, act(pass_on) runs and `fired` is set. If it does not
        call pass_on(), the frame that completes the record never arrives."""
        with self.lock:
            self.seen, self.fired = [], threading.Event()
            self.wanted = [record, sender, count, act]

    def release(self):
        """Lets go what hold() kept back, in order."""
        with self.lock:
            self.holding = False
            for out, frame in self.held:
                self.send(out, frame)
            self.held = []

    def hold(self):
        """For an action: from this record's frame on, frames of migration connections wait for release()."""
        self.holding = True

    def run(self):
        try:
            while not self.ending:
                for s in select.select([self.host, self.net], [], [], 0.5)[0]:
                    self.carry(s, self.net if s is self.host else self.host)
        except Exception as e:  # noqa: BLE001 - whoever waits for `fired` tells it
            self.error = e
            self.fired.set()

    def carry(self, s, out):
        try:
            frame, address = s.recvfrom(65535)
        except OSError:
            return  # the link was taken down
        if address[2] == PACKET_OUTGOING:
            return
        with self.lock:
            passed = False
            for name, sender in list(self.records.of(frame)):
                self.seen.append((name, sender, time.monotonic()))
                if self.wanted and self.wanted[:2] == [name, sender]:
                    self.wanted[2] -= 1
                    if self.wanted[2] == 0:
                        passed = self.fire(out, frame) or passed
                        if not self.holding:
                            return
            if self.holding and is_migration(frame):
                self.held.append((out, frame))
            elif not passed:
                self.send(out, frame)

    def fire(self, out, frame):
        act, self.wanted, passed = self.wanted[3], None, []

        def pass_on():
            passed.append(self.send(out, frame))
        try:
            act(pass_on)
        finally:
            self.fired.set()
        return bool(passed)

    def send(self, out, frame):
        try:
            out.send(frame)
        except OSError:
            pass  # the link is down: the frame is lost, as on a wire

    def story(self, count):
        """The last @count records that came, with the seconds from one to the next."""
        last, words = self.seen[-count:], []
        for before, (name, sender, when) in zip([None] + last, last):
            words.append(f"{name} from {sender}" + (f" +{when - before[2]:.1f}" if before else ""))
        return "records: " + ", ".join(words)

    def wait(self, seconds):
        """Waits until the armed record came."""
        if not self.fired.wait(seconds):
            raise LabError(f"{self.wanted[0]} from {self.wanted[1]} did not come within {seconds} s; {self.story(12)}")
        if self.error:
            raise LabError(f"the gate failed: {self.error}")
