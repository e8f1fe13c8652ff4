# SPDX-License-Identifier: MIT
"""Follows a guest's console on several hosts at once; runs on the management station.

usage: follow.py OUTPUT VM HOST=ADDRESS...
Each line goes to OUTPUT as JSON with the time it arrived at. A line "HOST TEXT" on standard input is typed there;
its end ends the follower."""
import json
import os
import selectors
import socket
import sys
import time

PORT = 5990
CONNECT_S = 2.0
RETRY_S = 0.25
IDLE_S = 1.0  # after so long an unfinished line is passed on as it is
LINE_MAX = 4096


class Console:
    def __init__(self, host, address, vm, out, selector):
        self.host, self.address, self.vm, self.out, self.selector = host, address, vm, out, selector
        self.socket, self.connecting, self.since, self.rest, self.last = None, False, 0.0, b"", None

    def emit(self, line, partial=False):
        text = line.decode("utf-8", "replace").strip("\r\n")
        key = (text, partial)
        if not text or key == self.last:
            return  # the same refusal again and again says nothing new
        self.last = key
        record = {"wall": time.monotonic(), "host": self.host, "line": text}
        if partial:
            record["partial"] = True
        self.out.write(json.dumps(record) + "\n")
        self.out.flush()

    def close(self):
        self.flush()
        if self.socket:
            self.selector.unregister(self.socket)
            self.socket.close()
        self.socket, self.since = None, time.monotonic()

    def flush(self):
        if self.rest:
            self.emit(self.rest, partial=True)
            self.rest = b""

    def step(self):
        """Connects again when it is time to; gives up on a connection that does not come about."""
        now = time.monotonic()
        if self.socket is None and now - self.since >= RETRY_S:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A host that gave a connection up while its link was cut can't say so: only asking finds out.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in (("TCP_KEEPIDLE", 2), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 5)):
                self.socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
            self.connecting, self.since = True, now
            self.selector.register(self.socket, selectors.EVENT_WRITE, self)
            self.socket.connect_ex((self.address, PORT))
        elif self.connecting and now - self.since > CONNECT_S:
            self.close()
        elif self.rest and now - self.since > IDLE_S:
            self.flush()

    def ready(self):
        try:
            if self.connecting:
                error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, os.strerror(error))
                self.connecting = False
                self.selector.modify(self.socket, selectors.EVENT_READ, self)
                self.socket.sendall(self.vm.encode() + b"\n")
                return
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self.since = time.monotonic()
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.emit(line)
        if len(self.rest) > LINE_MAX:
            self.flush()

    def type(self, text):
        if self.socket and not self.connecting:
            try:
                self.socket.sendall(text.encode() + b"\n")
            except OSError:
                self.close()


def typed(consoles):
    data = os.read(0, 4096)
    if not data:
        sys.exit()  # whoever started it is gone, perhaps killed
    for line in data.decode().splitlines():
        host, _, text = line.partition(" ")
        for c in consoles:
            if c.host == host:
                c.type(text)


def main(words):
    path, vm, *hosts = words
    selector = selectors.DefaultSelector()
    with open(path, "w", encoding="utf-8") as out:
        consoles = [Console(*h.split("=", 1), vm, out, selector) for h in hosts]
        selector.register(0, selectors.EVENT_READ, None)
        while True:
            for c in consoles:
                c.step()
            for key, _ in selector.select(RETRY_S / 5):
                if key.data:
                    key.data.ready()
                else:
                    typed(consoles)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        pass
