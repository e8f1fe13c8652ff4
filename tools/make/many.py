# SPDX-License-Identifier: MIT
"""many.py: runs programs, as many at once as there are processors; what each said comes in the order of their names."""
import concurrent.futures
import os
import signal
import subprocess
import time


class Ended:
    """How a program ended."""

    def __init__(self, name, status, seconds, output):
        self.name, self.status, self.seconds, self.output = name, status, seconds, output


class Many:
    def __init__(self):
        self.running, self.stopped = set(), False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)

    def stop(self, number, _frame):
        self.stopped = True
        for process in list(self.running):
            process.terminate()
        raise KeyboardInterrupt(signal.Signals(number).name)

    def run(self, name, words):
        begun = time.monotonic()
        if self.stopped:
            return Ended(name, "not run", 0, "")
        try:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True, errors="replace")
        except OSError as e:
            return Ended(name, e.strerror, 0, "")
        self.running.add(process)
        output = process.communicate()[0]
        self.running.discard(process)
        return Ended(name, process.returncode, time.monotonic() - begun, output)

    def each(self, programs):
        """Runs [(name, words)] and gives an Ended for each."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            yield from pool.map(lambda program: self.run(*program), programs)


class Tally:
    """Counts, and the closing line."""

    def __init__(self):
        self.passed = self.failed = 0
        self.times = []

    def took(self, name, seconds):
        self.times.append((seconds, name))

    def finish(self, kind):
        """Says the closing line and gives the exit status."""
        slow = [f"{name} {seconds:.0f} s" for seconds, name in sorted(self.times, reverse=True)[:5] if seconds >= 1]
        if slow:
            print(f"longest {kind}: {', '.join(slow)}")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0
