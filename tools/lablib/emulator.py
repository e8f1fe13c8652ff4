# SPDX-License-Identifier: MIT
"""Starting and ending the emulators. A process is ended only if it is still the one that was recorded."""
import os
import shutil
import signal
import subprocess
import time

from . import LabError, nvram

OVMF = "/usr/share/ovmf/OVMF.fd"
# The same firmware in two parts, for a machine with a flash chip: the program, and an empty store of variables.
OVMF_CODE, OVMF_VARS = "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"
VGABIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"
# QEMU has no VT-x; its SVM, which "max" has too, is asked for by name.
DEFAULT_CPU = {"bochs": "corei7_skylake_x", "qemu": "max,-svm"}
NAMED_CPU = {"svm": "EPYC,+svm,+npt"}
BOCHS_HOUR_S = 3600  # Bochs 2.7 shows an hour less than it is told, also with time0=utc
PROGRAM = {"bochs": "bochs-bin", "qemu": "qemu-system-x86_64"}

# The configuration that is known to work: Debian's Bochs with OVMF; com1 to a file; the debugger build wants
# a command file that says "c". sync=slowdown keeps an idle machine's clock from running ahead.
BOCHSRC = """\
plugin_ctrl: e1000=1
display_library: term
cpu: model={cpu}, count={smp}, ips={ips}, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
romimage: file={ovmf}
vgaromimage: file={vgabios}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=esp.img, mode=flat
com1: enabled=1, mode=file, dev=com1.txt
e1000: card=0, enabled=1, mac={mac}, ethmod=tuntap, ethdev=/dev/net/tun:{tap}
pci: enabled=1, chipset=i440fx, slot1=e1000
log: bochs.log
debug: action=ignore
info: action=ignore
error: action=report
panic: action=report
clock: sync={sync}, time0={time0}
"""


def bochs_firmware(host, o):
    """Bochs has no flash of this size: OVMF copies the variables of its ROM to memory when it starts, and changes them there. So
    the host's ROM is a file of its own, into which kill() puts them back as a flash would have them."""
    if not o["variables"]:
        return OVMF
    if not os.path.exists(host.variables):
        shutil.copyfile(OVMF, host.variables)
    return host.variables


def bochs_words(host, o):
    rc = os.path.join(host.folder, "bochsrc")
    with open(rc, "w", encoding="utf-8") as f:
        f.write(BOCHSRC.format(cpu=host.cpu, smp=o["smp"], ips=host.ips, memory=host.memory, ovmf=bochs_firmware(host, o),
                               vgabios=VGABIOS, mac=host.mac, tap=host.tap, sync=o["sync"], time0=int(time.time()) + BOCHS_HOUR_S))
    with open(os.path.join(host.folder, "rc.txt"), "w", encoding="utf-8") as f:
        f.write("c\n")
    return ["bochs-bin", "-q", "-f", rc, "-rc", os.path.join(host.folder, "rc.txt")]


def qemu_firmware(host, o):
    """With variables to keep, or a firmware that was chosen: from flash, whose second chip is a file of the host's."""
    if not o["variables"] and not o.get("flash"):
        return ["-bios", OVMF]
    code, variables = OVMF_CODE, OVMF_VARS
    if o.get("flash"):
        code, variables = (os.path.join(os.path.abspath(o["flash"]), f"OVMF_{part}_4M.fd") for part in ("CODE", "VARS"))
    if not os.path.exists(host.variables):
        shutil.copyfile(variables, host.variables)
    return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={host.variables}"]


def qemu_words(host, o):
    return ["qemu-system-x86_64", "-name", host.name, "-machine", "pc,accel=tcg", "-cpu", host.cpu,
            "-smp", str(o["smp"]), "-m", str(host.memory), *qemu_firmware(host, o), "-nodefaults", "-no-user-config",
            "-vga", "std", "-display", "none", "-no-reboot",
            "-drive", f"if=ide,format=raw,file={host.image}",
            "-netdev", f"tap,id=n0,ifname={host.tap},script=no,downscript=no",
            "-device", f"{o['nic']},netdev=n0,mac={host.mac}", *(["-device", "virtio-rng-pci"] if o.get("rng") else []),
            "-serial", f"file:{host.serial}"]


def start(lab, host):
    """Runs the host's emulator in the lab's namespace, out of reach of the terminal's signals."""
    for leftover in (host.image + ".lock", host.serial):
        if os.path.exists(leftover):
            os.unlink(leftover)
    words = {"bochs": bochs_words, "qemu": qemu_words}[host.emulator](host, lab.options)
    with open(os.path.join(host.folder, "emulator.txt"), "wb") as out:
        p = subprocess.Popen(["ip", "netns", "exec", lab.netns, *words], stdin=subprocess.DEVNULL, stdout=out,
                             stderr=subprocess.STDOUT, cwd=host.folder, start_new_session=True,
                             env={**os.environ, "TERM": "vt100", "BXSHARE": "/usr/share/bochs"})
    host.pid, host.started = p.pid, start_time(p.pid)
    lab.save()


def stat_fields(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()
    except OSError:
        return None


def start_time(pid):
    s = stat_fields(pid)
    return int(s[19]) if s else 0


def alive(host):
    """Whether the recorded process still runs; neither a zombie nor a stranger with its pid counts."""
    s = stat_fields(host.pid) if host.pid else None
    if not s or s[0] == "Z" or int(s[19]) != host.started:
        return False
    try:
        with open(f"/proc/{host.pid}/cmdline", "rb") as f:
            words = f.read()  # empty for a moment while one program replaces another
            return not words or host.folder.encode() in words
    except OSError:
        return False


def kill(host, keep=False):
    """SIGKILL, because Bochs ignores the gentler ones, and waits until it is gone. With keep, what Bochs' firmware would have in
    flash is saved first."""
    was = alive(host)
    if was and keep and host.emulator == "bochs":
        os.kill(host.pid, signal.SIGSTOP)
        nvram.take_along(host.pid, host.variables)
    if was:
        os.kill(host.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while alive(host):
            if time.monotonic() > deadline:
                raise LabError(f"{host.name}: process {host.pid} does not go away")
            time.sleep(0.02)
        reap(host.pid)
    if os.path.exists(host.image + ".lock"):
        os.unlink(host.image + ".lock")
    return was


def reap(pid):
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass  # another process started it
