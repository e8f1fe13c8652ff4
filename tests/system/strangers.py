# SPDX-License-Identifier: MIT
"""What test_attack_bochs.py needs on the honest side and on the other one: who follows guests' ticks, crowds of clients, requests."""
import select
import socket
import threading
import time

from harness import CIM_BODY, CIM_HEADERS, expect, until

from demolib.ticks import parse  # found by moving.py

CIM, CONSOLE = 5988, 5990


def request(method, parameters):
    """The bytes of an intrinsic operation."""
    head, _, tail = CIM_BODY.replace("EnumerateInstanceNames", method).partition("<IPARAMVALUE")
    body = head + parameters + tail[tail.index("</IPARAMVALUE>") + len("</IPARAMVALUE>"):]
    lines = "".join(f"{k}: {v}\r\n" for k, v in (CIM_HEADERS | {"CIMMethod": method}).items())
    return f"POST /cimom HTTP/1.1\r\nHost: lab-a\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def value(name, text):
    return f'<IPARAMVALUE NAME="{name}"><VALUE>{text}</VALUE></IPARAMVALUE>'


NAMES = request("EnumerateInstanceNames", '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ComputerSystem"/></IPARAMVALUE>')
CLASSES = request("EnumerateClasses", value("DeepInheritance", "TRUE") + value("LocalOnly", "FALSE"))
LISTS = request("EnumerateInstances", '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ManagedElement"/></IPARAMVALUE>'
                '<IPARAMVALUE NAME="PropertyList"><VALUE.ARRAY>' + "".join(f"<VALUE>Property{n}</VALUE>" for n in range(256)) +
                "</VALUE.ARRAY></IPARAMVALUE>")


def connect(host, port, source, seconds=10, receive_bytes=None):
    s = socket.socket()
    s.settimeout(seconds)
    if receive_bytes:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    try:
        s.bind((source, 0))
        s.connect((host, port))
    except OSError:
        s.close()
        raise
    return s


class Console(threading.Thread):
    """Follows one guest's console; its ticks are those that came while this looked."""

    def __init__(self, host, source, vm):
        super().__init__(daemon=True)
        self.host, self.source, self.vm, self.ticks, self.ending = host, source, vm, [], False
        self.start()

    def run(self):
        while not self.ending:
            try:
                with connect(self.host, CONSOLE, self.source) as s:
                    s.sendall(self.vm.encode() + b"\n")
                    self.follow(s)
            except OSError:
                time.sleep(0.2)     # a host that is asked too fast says no

    def follow(self, s):
        rest = b""
        while not self.ending:
            if not select.select([s], [], [], 0.5)[0]:
                continue
            part = s.recv(65536)
            if not part:
                return
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                tick = parse(self.host, time.monotonic(), line.decode("utf-8", "replace"))
                if tick and (not self.ticks or tick.number > self.ticks[-1].number):
                    self.ticks.append(tick)

    def close(self):
        self.ending = True
        self.join(15)

    def fresh(self, count, seconds):
        """Waits for so many new ticks; none may show a bad page."""
        have = len(self.ticks)
        until(f"{count} ticks of {self.vm}", seconds, lambda: len(self.ticks) >= have + count, 0.05)
        expect(all(t.bad == 0 for t in self.ticks), f"no bad pages in {self.ticks[-1]}")


class Crowd(threading.Thread):
    """Clients that send a request again and again, whatever happens to them, and read the answers, or a crumb now and then."""

    def __init__(self, host, source, count, what, reads=True):
        super().__init__(daemon=True)
        self.host, self.source, self.what, self.reads = host, source, what, reads
        self.clients, self.left = [None] * count, [b""] * count
        self.answers = self.resets = self.bytes = 0
        self.ending, self.crumb_at = False, 0
        self.start()

    def close(self):
        self.ending = True
        self.join(15)
        for s in self.clients:
            if s:
                s.close()

    def run(self):
        while not self.ending:
            crumbs = time.monotonic() >= self.crumb_at
            for n in range(len(self.clients)):
                try:
                    self.step(n, crumbs)
                except BlockingIOError:
                    pass
                except OSError:
                    self.lose(n)
            if crumbs:
                self.crumb_at = time.monotonic() + 2
            time.sleep(0.005)   # this is one process, and the host wants to run

    def lose(self, n):
        self.resets += 1
        if self.clients[n]:
            self.clients[n].close()
        self.clients[n], self.left[n] = None, b""

    def step(self, n, crumbs):
        if not self.clients[n]:
            self.clients[n] = connect(self.host, CIM, self.source, 1, None if self.reads else 1)
            self.clients[n].setblocking(False)
        s = self.clients[n]
        if self.reads or crumbs:
            if select.select([s], [], [], 0)[0]:
                part = s.recv(1 << 18 if self.reads else 64)
                if not part:
                    raise ConnectionResetError
                self.bytes += len(part)
                self.answers += part.count(b"</CIM>")
        self.left[n] = self.left[n] or self.what * 4
        self.left[n] = self.left[n][s.send(self.left[n]):]
