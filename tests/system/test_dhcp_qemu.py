# SPDX-License-Identifier: MIT
# A host that takes its address from DHCP: it waits for a late server, renews its lease, and follows after a restart.
# one processor
# limit: 180
import os
import re
import subprocess

from harness import FOLDER, Cases, computer_systems, config_file, expect, lab, lab_command, log_of, until, wait_log

LEASE_S = 120	# lwIP counts leases in minutes
SERVER = f"""start {{0}}
end {{0}}
interface br0
lease_file {FOLDER}/leases
pidfile {FOLDER}/udhcpd.pid
auto_time 0
min_lease {LEASE_S}
option subnet 255.255.255.0
option router 10.77.0.1
option lease {LEASE_S}
"""
FIRST, SECOND = "10.77.0.150", "10.77.0.160"


class Server:
    """busybox' udhcpd on the bridge, which has one address to give."""

    def __init__(self, address):
        if os.path.exists(f"{FOLDER}/leases"):
            os.unlink(f"{FOLDER}/leases")
        open(f"{FOLDER}/leases", "w", encoding="ascii").close()
        self.log = f"{FOLDER}/udhcpd-{address}.txt"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(["busybox", "udhcpd", "-f", "-a", "100", config_file("udhcpd.conf", SERVER.format(address))],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def sent(self, what):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return len(re.findall(f"sending {what}", f.read()))

    def stop(self):
        self.process.kill()
        self.process.wait()


conf = config_file("dhcp.conf", "[host]\nname = lab-a\n[net]\naddress = dhcp\n")
c = Cases()
with lab("--hosts", "1", "--emulator", "qemu", "--memory", "128", "--config", f"lab-a={conf}", "--no-wait"):
    wait_log("lab-a", r"CIM listens on port", 60)
    with c.case("without a server the host comes up and waits"):
        expect(not re.search(r"address \d", log_of("lab-a")), "no address in the log")
    server = Server(FIRST)
    try:
        with c.case("a server that comes late gives the address, and CIM answers there"):
            wait_log("lab-a", f"ready at {re.escape(FIRST)}", 60)
            expect("lab-a" in computer_systems(FIRST), f"lab-a among the systems at {FIRST}")
        with c.case("the lease is renewed before it runs out"):
            have = server.sent("ACK")
            until("another ACK of the server", LEASE_S - 10, lambda: server.sent("ACK") > have)
            expect("lab-a" in computer_systems(FIRST), f"lab-a at {FIRST} after the renewal")
        server.stop()
        server = Server(SECOND)
        with c.case("after a restart another address is taken, and CIM answers there"):
            lab_command("kill", "lab-a")
            lab_command("start", "lab-a", "--timeout", "60")
            wait_log("lab-a", f"ready at {re.escape(SECOND)}", 5)
            expect("lab-a" in computer_systems(SECOND), f"lab-a among the systems at {SECOND}")
            expect("panic" not in log_of("lab-a").lower(), "no panic")
    finally:
        server.stop()
    c.end()
