# SPDX-License-Identifier: MIT
"""What tools/lab is made of: state on disk, the network, the emulators, waiting, the console."""


class LabError(Exception):
    """A sentence for the person at the keyboard."""
