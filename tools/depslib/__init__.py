# SPDX-License-Identifier: MIT
"""What tools/deps is made of: packages, a private apt, sources, what is built of them, and the steps."""
import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


class DepsError(Exception):
    """A sentence for the person at the keyboard."""


def say(text):
    print(f"deps: {text}", flush=True)
