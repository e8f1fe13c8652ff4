# SPDX-License-Identifier: MIT
"""The command line of tools/lab."""
import argparse
import os
import shlex
import signal
import sys
import time

from . import LabError, commands, console, emulator, network, state, wait

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def parser():
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", default=os.environ.get("TERN_LAB_DIR") or os.path.join(ROOT, "build", "lab"),
                        help="the lab's folder (build/lab)")
    p = argparse.ArgumentParser(prog="tools/lab", description="Starts and stops hosts in Bochs or QEMU by hand. "
                                "Hosts are lab-a 10.77.0.2, lab-b 10.77.0.3, ...; the management station is 10.77.0.1.")
    sub = p.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = sub.add_parser("up", parents=[common], help="start the hosts and wait until CIM can be reached")
    up.add_argument("--hosts", type=int, default=2, metavar="N")
    up.add_argument("--emulator", action="append", default=[], metavar="[HOST=]KIND",
                    help="bochs (the default) has VT-x; qemu is faster and has SVM if it is asked for by --cpu svm")
    up.add_argument("--cpu", action="append", default=[], metavar="[HOST=]MODEL",
                    help="CPU model of the emulator (corei7_skylake_x; qemu: max,-svm); svm: one of QEMU's with SVM")
    up.add_argument("--smp", type=int, default=1, metavar="N")
    up.add_argument("--memory", action="append", default=[], metavar="[HOST=]MIB", help="384")
    up.add_argument("--config", action="append", default=[], metavar="HOST=FILE", help="that host's tern.conf")
    up.add_argument("--file", action="append", default=[], metavar="HOST=PATH[:NAME]",
                    help="a file for that host's image, under \\tern\\; HOST may be 'all'")
    up.add_argument("--efi", default=os.path.join(ROOT, "build", "BOOTX64.EFI"), metavar="FILE", help="the program")
    up.add_argument("--nic", default="e1000", metavar="MODEL", help="QEMU's network card")
    up.add_argument("--sync", choices=("slowdown", "none"), default="slowdown", help="Bochs' clock; none: instructions")
    up.add_argument("--ips", action="append", default=[], metavar="[HOST=]N", help="Bochs' instructions per second: its TSC's frequency")
    up.add_argument("--keep-variables", action="store_true", dest="variables",
                    help="the firmware's variables survive kill and start, as in a real machine")
    up.add_argument("--rng", action="store_true", help="QEMU's device of random numbers, which gives the firmware some")
    up.add_argument("--flash", metavar="DIR", help="QEMU's firmware: OVMF_CODE_4M.fd and OVMF_VARS_4M.fd of that folder")
    up.add_argument("--timeout", type=float, default=240, metavar="SECONDS")
    up.add_argument("--no-wait", action="store_true", help="don't wait for the hosts")

    sub.add_parser("down", parents=[common], help="end the hosts and remove the network")
    sub.add_parser("status", parents=[common], help="what runs")
    x = sub.add_parser("exec", parents=[common], help="run a command on the management station")
    x.add_argument("words", nargs=argparse.REMAINDER, metavar="CMD")
    c = sub.add_parser("console", parents=[common], help="a guest's console; Ctrl-] ends it")
    c.add_argument("host")
    c.add_argument("vm", nargs="?")
    c.add_argument("--dump", action="store_true", help="print what the guest wrote so far, and end")
    l = sub.add_parser("log", parents=[common], help="a host's serial log")
    l.add_argument("host")
    l.add_argument("-f", "--follow", action="store_true")
    for name, text in (("cut", "take a host's link down"), ("heal", "bring it up again"),
                       ("kill", "end a host as if its power failed"), ("start", "start a killed host again")):
        h = sub.add_parser(name, parents=[common], help=text)
        h.add_argument("host")
        if name == "start":
            h.add_argument("--timeout", type=float, default=240, metavar="SECONDS")
            h.add_argument("--no-wait", action="store_true")
    return p


def cmd_status(args):
    return commands.status(state.running(args.folder))


def cmd_exec(args):
    lab = state.running(args.folder)
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise LabError("exec: which command?")
    try:
        os.execvp("ip", ["ip", "netns", "exec", lab.netns, *words])
    except OSError as e:
        raise LabError(f"ip: {e.strerror}") from e


def cmd_console(args):
    lab = state.running(args.folder)
    host = lab.host(args.host)
    vm = args.vm or console.guess_vm(lab)
    network.enter(lab.netns)
    return console.attach(host.address, vm, 1.0 if args.dump else None)


def cmd_log(args):
    host = state.running(args.folder).host(args.host)
    shown = 0
    while True:
        data = wait.read(host.serial)
        if len(data) < shown:
            shown = 0  # the host was started again
        os.write(1, data[shown:])
        shown = len(data)
        if not args.follow:
            return 0
        time.sleep(0.2)


def cmd_link(args):
    lab = state.running(args.folder)
    network.set_link(lab.netns, lab.host(args.host).tap, args.command == "heal")
    return 0


def cmd_kill(args):
    lab = state.running(args.folder)
    host = lab.host(args.host)
    if not emulator.kill(host, lab.options["variables"]):
        raise LabError(f"{host.name} is not running")
    return 0


COMMANDS = {"up": commands.up, "down": commands.down, "status": cmd_status, "exec": cmd_exec, "console": cmd_console,
            "log": cmd_log, "cut": cmd_link, "heal": cmd_link, "kill": cmd_kill, "start": commands.start}


def on_signal(number, _frame):
    raise KeyboardInterrupt(signal.Signals(number).name)


def main(words):
    args = parser().parse_args(words)
    args.folder, args.root = state.folder_of(args.dir), ROOT
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, on_signal)
    try:
        return COMMANDS[args.command](args) or 0
    except LabError as e:
        print(f"lab: {e}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        print(f"lab: {shlex.quote(args.command)} was interrupted", file=sys.stderr)
        return 130
