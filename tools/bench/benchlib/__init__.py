# SPDX-License-Identifier: MIT
"""What tools/bench is made of: sizes, the cost of exits, the demo's figures, the page."""


class BenchError(Exception):
    """A sentence for the person at the keyboard."""
