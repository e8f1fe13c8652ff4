# SPDX-License-Identifier: MIT
"""Steps: each is done once, leaves a mark when all of it succeeded, and a log in any case."""
import os
import time
from dataclasses import dataclass
from typing import Callable

from . import DepsError, say
from .command import CommandFailed
from .fetch import put, remove
from .packages import tail

NETWORK = "check the network and the Debian entries under /etc/apt"
BUILD = "see the log's end and mend what it names"


@dataclass
class Step:
    name: str
    text: str
    run: Callable       # run(log): every command in it succeeds, or it raises
    makes: tuple        # what it makes, relative to the folder; without it, a mark does not count
    needs: tuple = ()   # steps after whose new run this one is run again
    key: str = ""       # what it is made of besides: with another key, a mark does not count
    fetches: bool = False   # it asks the mirror
    optional: tuple = ()    # exceptions that mean "not to be had here"


class Steps:
    def __init__(self, folder, steps):
        self.folder, self.steps = folder, steps

    def mark(self, step):
        return os.path.join(self.folder, "done", step.name)

    def is_done(self, step):
        try:
            with open(self.mark(step), encoding="utf-8") as f:
                key = f.read().strip()
        except FileNotFoundError:
            return False
        return key == step.key and all(os.path.exists(os.path.join(self.folder, m)) for m in step.makes)

    def unmark(self, name):
        """Takes the mark of the step @name and of all that are made of its product."""
        for step in self.steps:
            if step.name == name:
                remove(self.mark(step))
            if name in step.needs:
                self.unmark(step.name)

    def undone(self):
        return [s for s in self.steps if not self.is_done(s)]

    def run(self, step):
        """Does it unless it is done."""
        if not self.is_done(step):
            self.run_again(step)

    def run_again(self, step):
        self.unmark(step.name)
        path, begun = os.path.join(self.folder, "log", f"{step.name}.txt"), time.monotonic()
        say(step.text)
        with open(path, "w", encoding="utf-8") as log:
            try:
                step.run(log)
                self.check_made(step)
            except step.optional as e:
                say(f"  not to be had here: {e} (log: {path})")
                return
            except (CommandFailed, DepsError, OSError) as e:
                shown = tail(e.output, 30) if isinstance(e, CommandFailed) else ""
                raise DepsError(f"FAILED: {step.text}: {e}\n{shown}deps: whole log: {path}\ndeps: "
                                f"{NETWORK if step.fetches else BUILD}; then run 'make deps' again: "
                                "it goes on from here.") from e
        put(self.mark(step), step.key + "\n")
        say(f"  done in {time.monotonic() - begun:.0f} s")

    def check_made(self, step):
        for m in step.makes:
            if not os.path.exists(os.path.join(self.folder, m)):
                raise DepsError(f"it ended well and {m} is not there")
