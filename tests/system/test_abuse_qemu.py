# SPDX-License-Identifier: MIT
# What a network may do to a host: clients that vanish, stall, come in crowds or talk nonsense, a power failure.
# After each of them the host answers, and it has the memory that it had before.
# one processor
# limit: 420
import os
import re
import select
import socket
import struct
import subprocess
import time

from harness import CIM_BODY, CIM_HEADERS, Cases, computer_systems, expect, http_request, lab, lab_command, log_of, until

HOST, CIM, CONSOLE, MIGRATION = "10.77.0.2", 5988, 5990, 5991
CONNECTIONS = 16	# that the CIM server keeps at once, twelve of them of one address
REQUEST_S = 30		# that it waits for the rest of a request
VANISHING, SPOOFED = "10.77.0.50", "10.77.0.77"
HEAD = "POST /cimom HTTP/1.1\r\nHost: lab-a\r\n" + "".join(f"{k}: {v}\r\n" for k, v in CIM_HEADERS.items())
REQUEST = (HEAD + f"Content-Length: {len(CIM_BODY)}\r\n\r\n" + CIM_BODY).encode()


def connect(port=CIM, source=None, seconds=10):
    s = socket.socket()
    s.settimeout(seconds)
    if source:
        s.bind((source, 0))
    s.connect((HOST, port))
    return s


def answers():
    try:
        return "lab-a" in computer_systems(HOST)
    except (OSError, SystemExit):
        return False


def close(sockets):
    for s in sockets:
        s.close()


def crowd(port, count):
    """So many connections at once; those that the host refused or cut are missing."""
    out = []
    for _ in range(count):
        try:
            out.append(connect(port, seconds=3))
        except OSError:
            pass
    return out


def syn_packet(number):
    """A SYN from an address that nobody has, so that the handshake stays half done."""
    source, destination = socket.inet_aton(SPOOFED), socket.inet_aton(HOST)

    def checksum(data):
        total = sum(struct.unpack(f"!{len(data) // 2}H", data))
        total = (total & 0xffff) + (total >> 16)
        return ~(total + (total >> 16)) & 0xffff

    tcp = struct.pack("!HHIIBBHHH", 20000 + number, CIM, number * 7919, 0, 5 << 4, 2, 8192, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", checksum(source + destination + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)) + tcp[18:]
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0, source, destination) + tcp


def address(verb):
    subprocess.run(["ip", "addr", verb, f"{VANISHING}/24", "dev", "br0"], check=True)


def slow_client():
    s = connect(seconds=30)
    with s:
        step = len(REQUEST) // 40
        for at in range(0, len(REQUEST), step):
            s.sendall(REQUEST[at:at + step])
            time.sleep(0.1)
            if at == 20 * step:
                expect(answers(), "others to be served meanwhile")
        expect(s.recv(100).startswith(b"HTTP/1.1 200"), "200 for a request that came in 40 pieces")


def slow_reader():
    """Many requests at once, and nobody reads the answers; then they are all there."""
    s = connect(seconds=30)
    with s:
        s.sendall(REQUEST * 40)
        time.sleep(1)
        expect(answers(), "others to be served while a client does not read")
        data, end = b"", time.monotonic() + 30
        while data.count(b"</CIM>") < 40 and time.monotonic() < end:
            part = s.recv(65536)
            expect(part, f"40 answers before the end of the connection, not {data.count(b'</CIM>')}")
            data += part
        expect(data.count(b"HTTP/1.1 200") == 40, f"40 answers, not {data.count(b'HTTP/1.1 200')}")


def vanished():
    """All places are taken by clients that are gone without a word."""
    address("add")
    sockets = []
    try:
        for _ in range(CONNECTIONS):
            s = connect(source=VANISHING)
            s.sendall(REQUEST[:200])
            sockets.append(s)
    finally:
        address("del")
    close(sockets)
    begun = time.monotonic()
    until("an answer when the host has given the vanished clients up", REQUEST_S + 20, answers, 1)
    print(f"     answered {time.monotonic() - begun:.0f} s after they vanished")


def half_handshakes():
    held = connect(seconds=20)
    with held, socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for number in range(1, 201):
            raw.sendto(syn_packet(number), (HOST, 0))
        held.sendall(REQUEST)
        expect(held.recv(100).startswith(b"HTTP/1.1 200"), "a connection that is open already to go on")
        begun = time.monotonic()
        until("a new connection to be answered after 200 half handshakes", 60, answers, 0.5)
        print(f"     a new connection was answered {time.monotonic() - begun:.0f} s after 200 half handshakes")


def flood(port):
    for _ in range(4):
        sockets = crowd(port, 60)
        expect(sockets, f"some connections to port {port}")
        close(sockets)
    until(f"an answer after a flood of port {port}", 30, answers, 0.5)


def full_house():
    """With every place taken one more client is told so at once."""
    sockets = crowd(CIM, CONNECTIONS)
    try:
        expect(len(sockets) == CONNECTIONS, f"{CONNECTIONS} connections, not {len(sockets)}")
        for s in sockets:
            s.sendall(REQUEST[:50])
        status, _, _ = http_request(HOST, body=CIM_BODY, headers=CIM_HEADERS)
        expect(status == 503, f"503 for one client too many, not {status}")
    finally:
        close(sockets)
    until("an answer when the others left", 20, answers, 0.5)


def nonsense():
    for port in (CIM, CONSOLE, MIGRATION):
        for data in (os.urandom(4096), b"\0" * 4096, b"\xff" * 65536, b"GET / HTTP/1.1\r\n\r\n"):
            with connect(port) as s:
                try:
                    s.sendall(data)
                    while select.select([s], [], [], 0.3)[0] and s.recv(65536):
                        pass
                except OSError:
                    pass	# the host cut it off, as it may
        expect(answers(), f"an answer after nonsense on port {port}")


def reset_in_the_middle():
    for at in (1, 100, len(REQUEST) - 1, len(REQUEST)):
        for _ in range(20):
            s = connect()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.sendall(REQUEST[:at])
            s.close()	# a reset
    expect(answers(), "an answer after 80 connections that were reset")


def property_of(name):
    r = subprocess.run(["wbemcli", "-nl", "ei", f"http://{HOST}:5988/root/virt:Tern_HostSystem", name],
                       capture_output=True, text=True, timeout=30, check=True)
    return re.search(rf'-{name}="?([^"\n]*)', r.stdout).group(1)


def power_failure():
    before = {k: property_of(k) for k in ("BootID", "UUID")}
    with connect(seconds=20) as held:
        lab_command("kill", "lab-a")
        lab_command("start", "lab-a", "--timeout", "90")
        until("the host to answer again", 20, answers)
        after = {k: property_of(k) for k in ("BootID", "UUID")}
        expect(after["UUID"] == before["UUID"], f"the host's UUID as before, {before['UUID']}, not {after['UUID']}")
        expect(after["BootID"] != before["BootID"], f"another boot id than {before['BootID']}")
        try:
            held.sendall(REQUEST)
            gone = not held.recv(100)
        except ConnectionResetError:
            gone = True
        expect(gone, "the old boot's connection to be reset, not answered")


def memory():
    return int(property_of("FreeMemoryBytes"))


c = Cases()
with lab("--hosts", "1", "--emulator", "qemu", "--memory", "160", "--timeout", "90"):
    expect(answers(), "the host to answer at first")
    free = memory()
    for name, step in (("a slow client gets its answer, others theirs meanwhile", slow_client),
                       ("a client that reads late gets every answer", slow_reader),
                       ("nonsense on every port", nonsense),
                       ("connections that are reset", reset_in_the_middle),
                       ("one client too many gets 503", full_house),
                       ("a flood of CIM connections", lambda: flood(CIM)),
                       ("a flood of console connections", lambda: flood(CONSOLE)),
                       ("a flood of migration connections", lambda: flood(MIGRATION)),
                       ("half handshakes", half_handshakes),
                       ("clients that vanish", vanished)):
        with c.case(name):
            step()
    with c.case("no panic, and the memory that was free before"):
        expect("panic" not in log_of("lab-a").lower(), "no panic")
        expect(memory() == free, f"{free} bytes free, not {memory()}")
    with c.case("a power failure: the host comes back as itself in a new boot"):
        power_failure()
    c.end()
