# SPDX-License-Identifier: MIT
"""up, down, start and status: the commands that change or show a whole lab."""
import os
import re
import shutil
import signal
import subprocess
import uuid

from . import LabError, emulator, network, state, wait
from .wait import say

SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class undisturbed:
    """A process must not be started without being recorded: signals wait until both are done."""

    def __enter__(self):
        self.caught, self.saved = None, {s: signal.signal(s, self.note) for s in SIGNALS}

    def note(self, number, _frame):
        self.caught = number

    def __exit__(self, *_):
        for s, handler in self.saved.items():
            signal.signal(s, handler)
        if self.caught:
            raise KeyboardInterrupt(signal.Signals(self.caught).name)


def by_host(items, hosts, option):
    """HOST=VALUE arguments as {host: [values]}."""
    out = {h.name: [] for h in hosts}
    for item in items:
        name, _, value = item.partition("=")
        if not value or (name not in out and name != "all"):
            raise LabError(f"{option} {item}: expected HOST=FILE with a HOST of {', '.join(out)} or all")
        for n in out if name == "all" else [name]:
            out[n].append(value)
    return out


def per_host(items, hosts, option, default):
    """[HOST=]VALUE arguments as {host: value}; a VALUE without a HOST is for those that are not named."""
    out, common = {}, default
    for item in items:
        name, is_for_one, value = item.rpartition("=")
        if not is_for_one:
            common = value
        elif name in [h.name for h in hosts]:
            out[name] = value
        else:
            raise LabError(f"{option} {item}: expected [HOST=]VALUE with a HOST of {', '.join(h.name for h in hosts)}")
    return {h.name: out.get(h.name, common) for h in hosts}


def make_hosts(args):
    """The hosts with the machine that each is to have."""
    hosts = state.new_hosts(args.folder, args.hosts)
    kinds, memory = per_host(args.emulator, hosts, "--emulator", "bochs"), per_host(args.memory, hosts, "--memory", "384")
    for h in hosts:
        h.emulator = kinds[h.name]
        if h.emulator not in emulator.DEFAULT_CPU:
            raise LabError(f"--emulator {h.emulator}: expected {' or '.join(sorted(emulator.DEFAULT_CPU))}")
        if not re.fullmatch(r"[0-9]{1,5}", memory[h.name]) or not 32 <= int(memory[h.name]) <= 4096:
            raise LabError(f"--memory {memory[h.name]}: expected 32 to 4096 (MiB)")
        h.memory = int(memory[h.name])
    ips = per_host(args.ips, hosts, "--ips", "60000000")
    for h in hosts:
        if not re.fullmatch(r"[0-9]{6,10}", ips[h.name]):
            raise LabError(f"--ips {ips[h.name]}: expected 6 to 10 digits")
        h.ips = int(ips[h.name])
    models = per_host(args.cpu, hosts, "--cpu", None)
    for h in hosts:
        h.cpu = emulator.NAMED_CPU.get(models[h.name], models[h.name]) or emulator.DEFAULT_CPU[h.emulator]
    return hosts


def sample_config(host, hosts):
    lines = ["[host]", f"name = {host.name}", f"uuid = {uuid.uuid5(uuid.NAMESPACE_DNS, host.folder)}", "log_level = info",
             "", "[net]", f"address = {host.address}/24", f"gateway = {state.BRIDGE_ADDRESS}"]
    for h in hosts:
        if h is not host:
            lines += ["", f"[peer {h.name}]", f"address = {h.address}"]
    return "\n".join(lines) + "\n"


def check(args, hosts):
    if os.geteuid():
        raise LabError("only root can make namespaces and taps; run it as root")
    for path, package in ((emulator.OVMF, "ovmf"), ("/dev/net/tun", "")):
        if not os.path.exists(path):
            raise LabError(f"{path} is missing; " + (f"install {package} (make deps)" if package else "load the module tun"))
    for program in ["ip", "mformat"] + sorted({emulator.PROGRAM[h.emulator] for h in hosts}):
        if not shutil.which(program):
            raise LabError(f"the program {program} is missing; run: make deps")
    if not os.path.exists(args.efi):
        raise LabError(f"{args.efi} is missing; run: make image")
    if not 1 <= args.smp <= 64:
        raise LabError("--smp takes 1 to 64")


def make_image(args, host, hosts, config, files):
    os.makedirs(host.folder, exist_ok=True)
    for name in ("com1.txt", "bochs.log", "emulator.txt"):
        if os.path.exists(os.path.join(host.folder, name)):
            os.unlink(os.path.join(host.folder, name))
    if config:
        if len(config) > 1:
            raise LabError(f"--config: {host.name} got {len(config)} files")
        try:
            shutil.copyfile(config[0], host.config)
        except OSError as e:
            raise LabError(f"{config[0]}: {e.strerror}") from e
    else:
        with open(host.config, "w", encoding="utf-8") as f:
            f.write(sample_config(host, hosts))
    r = subprocess.run([os.path.join(args.root, "tools", "image", "mkimage"), "-o", host.image, "-e", args.efi,
                        "-c", host.config, *files], capture_output=True, text=True, check=False)
    if r.returncode:
        raise LabError(f"image of {host.name}: {r.stderr.strip()}")


def address_of(host):
    """A configuration of the user's own may give another static address."""
    with open(host.config, encoding="utf-8", errors="replace") as f:
        m = re.search(r"^\s*address\s*=\s*([0-9.]+)/", f.read(), re.M)
    return m.group(1) if m else host.address


def up(args):
    hosts = make_hosts(args)
    check(args, hosts)
    lock = state.Lock(args.folder)
    old = state.load(args.folder)
    if old and any(emulator.alive(h) for h in old.hosts):
        raise LabError(f"a lab is up in {args.folder}; first: tools/lab down")
    if old or network.exists(state.netns_of(args.folder)):
        clean(args.folder, old)
    configs, files = by_host(args.config, hosts, "--config"), by_host(args.file, hosts, "--file")
    options = {k: getattr(args, k) for k in ("smp", "nic", "sync", "variables", "flash", "rng")}
    lab = state.Lab(args.folder, state.netns_of(args.folder), options, hosts)
    try:
        with undisturbed():
            lab.save()
            network.create(lab.netns, hosts)
        for h in hosts:
            make_image(args, h, hosts, configs[h.name], files[h.name])
            h.address = address_of(h)
            with undisturbed():
                emulator.start(lab, h)
            say(f"{h.name}: {h.address}, {h.emulator} process {h.pid}, {h.cpu}, {h.memory} MiB")
        if not args.no_wait:
            wait.for_ready(hosts, args.timeout)
    except BaseException:
        with undisturbed():
            for h in hosts:
                if h.pid:
                    wait.show_tail(h)
            clean(args.folder, lab)
        raise
    finally:
        lock.file.close()
    return 0


def clean(folder, lab):
    """Ends what was recorded and removes the network; logs stay for reading."""
    for h in lab.hosts if lab else []:
        emulator.kill(h)
        for name in ("esp.img", "esp.img.lock", "bochsrc", "rc.txt", "variables.fd"):
            if os.path.exists(os.path.join(h.folder, name)):
                os.unlink(os.path.join(h.folder, name))
    network.remove(lab.netns if lab else state.netns_of(folder))
    for name in ("lab.json", "lab.json.new", "lock"):
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))


def down(args):
    if not os.path.isdir(args.folder):
        return 0
    lock = state.Lock(args.folder)
    lab = state.load(args.folder)
    with undisturbed():
        clean(args.folder, lab)
        lock.file.close()
    return 0


def start(args):
    lab = state.running(args.folder)
    host = lab.host(args.host)
    if emulator.alive(host):
        raise LabError(f"{host.name} is running")
    with undisturbed():
        emulator.start(lab, host)
    if not args.no_wait:
        wait.for_ready([host], args.timeout)
    return 0


def status(lab):
    print(f"folder {lab.folder}, namespace {lab.netns}, station {state.BRIDGE_ADDRESS}")
    print(f"{'HOST':<8} {'ADDRESS':<12} {'EMULATOR':<9} {'PROCESS':<14} {'LINK':<5} CIM")
    for h in lab.hosts:
        running = emulator.alive(h)
        link = "up" if network.link_is_up(lab.netns, h.tap) else "cut"
        ready = "ready" if running and wait.is_ready(h) else "-"
        print(f"{h.name:<8} {h.address:<12} {h.emulator:<9} {(str(h.pid) if running else 'ended'):<14} {link:<5} {ready}")
    return 0
