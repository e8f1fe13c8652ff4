# SPDX-License-Identifier: MIT
"""What tools/demo/run is made of: following consoles, recomputing the guest's checksum, claims, the report."""


class DemoError(Exception):
    """A sentence for the person at the keyboard: the demo can't go on."""
