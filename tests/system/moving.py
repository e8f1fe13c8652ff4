# SPDX-License-Identifier: MIT
"""For tests that move the demo's guest: its ticks on every host's console, ternctl and wbemcli, jobs."""
import os
import re
import subprocess
import sys
import time

from lablib import network, state
from harness import FOLDER, ROOT, config_file, expect, log_of, until

sys.path.insert(0, os.path.join(ROOT, "tools", "demo"))

from demolib import DemoError  # noqa: E402
from demolib.station import Station  # noqa: E402

VM = "web1"
KERNEL, INITRD, TERNCTL = (os.path.join(ROOT, "build", p) for p in ("deps/vmlinuz", "demo/initrd.gz", "ternctl"))
COMPLETED, TERMINATED, EXCEPTION = 7, 8, 10
SYSTEM = 'Tern_VirtualSystem.CreationClassName="Tern_VirtualSystem",Name="{}"'
SERVICE = ('Tern_VirtualSystemMigrationService.SystemCreationClassName="Tern_HostSystem",SystemName="{}",'
           'CreationClassName="Tern_VirtualSystemMigrationService",Name="MigrationService"')


TWO = {"lab-a": "10.77.0.2", "lab-b": "10.77.0.3"}


def linux(memory="128M", load="tern.region=4M tern.rate=100", says="quiet", autostart="yes"):
    """The section of the demo's guest in tern.conf; @load is what it writes."""
    return (f"[vm {VM}]\nmemory = {memory}\nkernel = /tern/vmlinuz\ninitrd = /tern/initrd.gz\n"
            f"cmdline = console=ttyS0 {says} cryptomgr.notests {load} tern.tick_ms=250\nautostart = {autostart}\n")


def two_hosts(guest, *more, host="", migration="", timeout=200):
    """For a lab of the hosts of TWO, of which lab-a has the section @guest, kernel and initrd; @host and @migration are lines of tern.conf."""
    words = ["--hosts", "2", *more, "--timeout", str(timeout), "--file", f"lab-a={KERNEL}", "--file", f"lab-a={INITRD}"]
    for name, address in TWO.items():
        text = f"[host]\nname = {name}\n{host}[net]\naddress = {address}/24\n" + (f"[migration]\n{migration}" if migration else "")
        words += ["--config", f"{name}={config_file(name + '.conf', text + (guest if name == 'lab-a' else ''))}"]
    return words


def build():
    subprocess.run(["make", "-s", "--no-print-directory", "-C", ROOT, "build/ternctl", "build/demo/initrd.gz"], check=True)
    for path in (KERNEL, INITRD, TERNCTL):
        expect(os.path.exists(path), f"{path}, which make deps and make build")


LEAVES = re.compile(rf"gpt: {VM} (before tracking|after tracking|has arrived): leaves 4K (\d+), 2M (\d+), 1G (\d+); R (\d+), W (\d+), "
                    r"X (\d+); A (\d+), D (\d+); (\d+) chunks, (\d+) tables$", re.M)
LEAVES_NAMES = ("when", "4K", "2M", "1G", "R", "W", "X", "A", "D", "chunks", "tables")


def leaves(host):
    """What the host's log says of the guest's EPT leaves, oldest first."""
    return [dict(zip(LEAVES_NAMES, [row[0]] + [int(n) for n in row[1:]])) for row in LEAVES.findall(log_of(host))]


def leaves_whole(seen):
    """The leaves of a guest that nobody tracks: each present chunk is one of 2 MiB, or 512 of 4 KiB where its code runs: the CPUs that are emulated
    don't say that code may lie in large ones."""
    expect(seen["2M"] + seen["4K"] / 512 == seen["chunks"] and seen["1G"] == 0, f"one 2 MiB leaf or 512 small ones for each chunk, not {seen}")
    expect(seen["R"] == seen["W"] == seen["2M"] + seen["4K"] and seen["X"] == seen["4K"], f"all leaves writable, small ones executable, not {seen}")


def leaves_restored(host):
    """The host's last tracking began and ended with the same leaves, but for chunks that the guest touched meanwhile."""
    # The log leaves the host after CIM has told how the job ended.
    before, after = until(f"{host} to log what tracking left of {VM}'s leaves", 20, lambda: (
        lambda two: two if [row["when"] for row in two] == ["before tracking", "after tracking"] else None)(leaves(host)[-2:]), 0.1)
    leaves_whole(before)
    leaves_whole(after)
    expect(0 < after["4K"] < after["chunks"] * 512, f"code in some of the chunks, not {after}")
    expect(after["chunks"] >= before["chunks"] and after["tables"] == before["tables"], f"the tables of {before} in {after}")
    expect(after["A"] == after["D"] == (after["R"] if before["A"] else 0), f"A and D in all leaves if the EPT has them, not {after}")


class Moving:
    """Used inside a lab: follows the guest's console until close()."""

    def __init__(self, hosts):
        self.hosts, self.boot, self.last = hosts, None, 0
        self.station = Station(FOLDER, TERNCTL, VM, hosts)
        self.station.lab_folder = FOLDER
        self.station.follow()

    def close(self):
        self.station.follower.kill()
        self.station.follower.wait()

    # --- the guest ---------------------------------------------------------------------------------

    def ticks(self, host, count, seconds):
        """Waits for fresh ticks on the host; they go on where the last ones seen ended, in the same boot, with good pages."""
        since = time.monotonic()

        def fresh(reader):
            return [t for t in reader.ticks if t.host == host and t.wall >= since]

        try:
            self.station.wait(f"{count} ticks of {VM} on {host}", lambda r: len(fresh(r)) >= count, seconds)
        except DemoError as e:
            lines = [f"{r['host']}: {r['line'][:120]}" for r in self.station.tail.lines[-6:]]
            sys.exit(f"{e}; the consoles' last lines:\n    " + "\n    ".join(lines))
        reader, seen = self.station.tail.reader, fresh(self.station.tail.reader)
        self.boot = self.boot or seen[0].boot
        expect({t.boot for t in seen} == {self.boot}, f"the boot id {self.boot} in {seen}")
        expect(seen[0].number >= self.last, f"ticks after {self.last}, not from {seen[0].number}")
        expect(all(t.bad == 0 for t in seen), f"no bad pages in {seen[-1]}")
        expect(not reader.trouble, f"no trouble in the guest: {reader.trouble[:3]}")
        times = [t.time_ns for t in reader.ticks]
        expect(times == sorted(times), "guest time that never goes back")
        self.last = seen[-1].number

    def answers(self, host):
        """Types at the guest's console there; its shell must answer."""
        expect(self.station.type(host, "echo con$((6*7))sole", "con42sole", 40), f"the shell at {host}'s console to answer")

    def link(self, host, up):
        lab = state.running(FOLDER)
        network.set_link(lab.netns, lab.host(host).tap, up)

    # --- ternctl -----------------------------------------------------------------------------------

    def ctl(self, host, *words, seconds=60):
        """(exit code, JSON or None)."""
        return self.station.ctl(host, *words, limit_s=seconds)

    def systems(self, host):
        """{name: instance} of the host's virtual systems, and the host's own instance."""
        _code, seen = self.ctl(host, "list")
        expect(seen and "hosts" in seen, f"a list from {host}, not {seen}")
        return {v["Name"]: v for v in seen["virtual_systems"]}, seen["hosts"][0]

    @staticmethod
    def has(systems):
        """Is the guest among them? A host whose tern.conf defines one that went away still names it (OperatingStatus 7)."""
        return VM in systems and systems[VM]["OperatingStatus"] != 7

    def gone(self, host):
        """Has the host answered, and not with the guest? Its link has just come back: that it doesn't answer yet is told, with the reason."""
        _code, seen = self.ctl(host, "list")
        if not seen or "hosts" not in seen:
            print(f"     {host}: {seen}", flush=True)
            return False
        return not self.has({v["Name"]: v for v in seen["virtual_systems"]})

    def free_bytes(self, host):
        return int(self.systems(host)[1]["FreeMemoryBytes"])

    def check(self, host, destination):
        """(migratable, reasons as one text)."""
        _code, answer = self.ctl(host, "check", VM, destination)
        expect(answer, f"a verdict from {host} about {destination}")
        return answer["migratable"], "; ".join(answer["reasons"])

    def migrate(self, host, *destination):
        """The job's number."""
        code, answer = self.ctl(host, "migrate", VM, *destination)
        expect(code == 0 and answer and answer.get("job"), f"a job of a migration from {host} to {destination}")
        return answer["job"].rpartition("/")[2]

    def job(self, host, number):
        _code, job = self.ctl(host, "job", number)
        expect(job, f"job {number} of {host}")
        return job

    def in_the_middle(self, host, number, mebibytes, seconds):
        """Waits until the job has sent so much while the guest runs."""
        def far():
            job = self.job(host, number)
            expect(job["JobState"] < COMPLETED, f"job {number} in its rounds, not at its end: {job['JobState']} {job['ErrorDescription']}")
            return job["Phase"] == "ROUNDS" and int(job["BytesSent"]) >= mebibytes << 20
        until(f"{mebibytes} MiB sent by job {number}", seconds, far)

    def ended(self, host, number, state, seconds):
        """Waits for the job's end, which must be that one; gives the job."""
        job = until(f"the end of job {number}", seconds,
                    lambda: (lambda j: j if j["JobState"] >= COMPLETED else None)(self.job(host, number)))
        expect(job["JobState"] == state, f"job {number} to end in state {state}, not {job['JobState']}: {job['ErrorDescription']}")
        return job

    def moved(self, host, number, seconds):
        """Waits until the job completed; both sides must have found the same memory."""
        job = self.ended(host, number, COMPLETED, seconds)
        expect(job["MemoryHashSource"] and job["MemoryHashSource"] == job["MemoryHashDestination"],
               f"equal hashes, not {job['MemoryHashSource']} and {job['MemoryHashDestination']}")
        expect(job["Rounds"] >= 2, f"several rounds, not {job['Rounds']}")
        print(f"     job {number}: {job['Rounds']} rounds, {job['PagesSent']} pages, "
              f"{job['ElapsedMicroseconds'] / 1e6:.1f} s, downtime {job['DowntimeMicroseconds'] / 1e3:.0f} ms")
        return job

    def nothing_left(self, host, free_bytes, seconds=20):
        """Waits until the host knows no guest and has its memory back."""
        def gone():
            systems, itself = self.systems(host)
            return not self.has(systems) and int(itself["FreeMemoryBytes"]) == free_bytes
        until(f"{host} to know no {VM} and to have {free_bytes >> 20} MiB free", seconds, gone)

    # --- wbemcli -----------------------------------------------------------------------------------

    def wbemcli(self, *words, seconds=60):
        """Everything that it printed; for CIM errors too."""
        r = subprocess.run(["wbemcli", *words], capture_output=True, text=True, timeout=seconds, check=False,
                           stdin=subprocess.DEVNULL)
        return (r.stdout + r.stderr).strip()

    def url(self, host):
        return f"http://{self.hosts[host]}:5988/root/virtualization/v2"

    def method(self, host, name, destination, vm=VM):
        """One of the four methods through wbemcli: DestinationHost for ...ToHost, DestinationSystem for ...ToSystem."""
        reference = f"ComputerSystem={SYSTEM.format(vm)}"
        if name.endswith("ToHost"):
            words = f'{name}.DestinationHost="{destination}",{reference}'
        else:
            words = f'{name}.{reference},DestinationSystem=Tern_HostSystem.CreationClassName="Tern_HostSystem",Name="{destination}"'
        return self.wbemcli("cm", f"{self.url(host)}:{SERVICE.format(host)}", words)

    def method_job(self, host, name, destination):
        answer = self.method(host, name, destination)
        m = re.search(r"\b4096, .*Job \(reference\):.*InstanceID=\"?[^\"]*/(\d+)", answer)
        expect(m, f"{name} to return 4096 and a job, not: {answer}")
        return m.group(1)
