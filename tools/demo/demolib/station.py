# SPDX-License-Identifier: MIT
"""The management station: the lab's namespace, ternctl, the console follower."""
import json
import os
import re
import subprocess
import sys
import time

from . import DemoError
from .ticks import Tail

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../.."))
LAB = os.path.join(ROOT, "tools/lab")
PANIC = re.compile(r"\bpanic\b", re.I)


class Station:
    def __init__(self, folder, ternctl, vm, hosts):
        self.lab_folder = os.path.join(folder, "lab")
        self.console_file = os.path.join(folder, "console.jsonl")
        self.ternctl, self.vm, self.hosts = ternctl, vm, hosts
        self.follower, self.tail = None, None

    def up(self, configs, files, emulator, limit_s):
        words = [LAB, "up", "--dir", self.lab_folder, "--hosts", str(len(self.hosts)), "--timeout", str(limit_s)]
        words += [w for host, path in configs.items() for w in ("--config", f"{host}={path}")]
        words += [w for host, paths in files.items() for path in paths for w in ("--file", f"{host}={path}")]
        if subprocess.run(words + emulator, check=False).returncode:
            raise DemoError("the two hosts did not come up")

    def down(self):
        """In a session of its own, so that a Ctrl-C meant for the demo does not end the cleaning up."""
        if self.follower:
            self.follower.kill()
            self.follower.wait()
        subprocess.run([LAB, "down", "--dir", self.lab_folder], check=False, start_new_session=True)

    def words(self, *command):
        return [LAB, "exec", "--dir", self.lab_folder, "--", *command]

    def follow(self):
        if os.path.exists(self.console_file):
            os.unlink(self.console_file)
        script = os.path.join(os.path.dirname(os.path.realpath(__file__)), "follow.py")
        self.follower = subprocess.Popen(
            self.words(sys.executable, script, self.console_file, self.vm, *(f"{h}={a}" for h, a in self.hosts.items())),
            stdin=subprocess.PIPE, text=True, start_new_session=True)
        self.tail = Tail(self.console_file)

    def ctl(self, host, *words, limit_s=60):
        """Runs ternctl --json against @host: (exit code, what it printed or None). Its progress goes to our stderr."""
        command = self.words(self.ternctl, "-H", self.hosts[host], "--json", *words)
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=limit_s)
        except subprocess.TimeoutExpired:
            return -1, None
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, None

    def wait(self, what, done, limit_s, note=None):
        """Polls the consoles until done(reader) is true; note(reader) says now and then how far it is."""
        begun = told = time.monotonic()
        while True:
            reader = self.tail.poll()
            if done(reader):
                return
            if self.follower.poll() is not None:
                raise DemoError(f"the console follower ended with {self.follower.returncode}")
            now = time.monotonic()
            if now - begun > limit_s:
                raise DemoError(f"waited {limit_s:.0f} s for {what}")
            if note and now - told > 10:
                told = now
                note(reader)
            time.sleep(0.1)

    def type(self, host, text, answer, limit_s):
        """Types a line at the guest's console on @host; True if @answer appears there."""
        seen = len(self.tail.lines)
        self.follower.stdin.write(f"{host} {text}\n")
        self.follower.stdin.flush()
        try:
            self.wait("an answer", lambda _: any(answer in r["line"] and r["host"] == host
                                                 for r in self.tail.lines[seen:]), limit_s)
        except DemoError:
            return False
        return True

    def panics(self):
        out = {}
        for host in self.hosts:
            try:
                with open(os.path.join(self.lab_folder, host, "com1.txt"), encoding="utf-8", errors="replace") as f:
                    out[host] = [line.strip()[:200] for line in f if PANIC.search(line)]
            except OSError as e:
                out[host] = [f"its log can't be read: {e.strerror}"]
        return out
