# SPDX-License-Identifier: MIT
"""How the reader of migration streams says no."""


class Refused(Exception):
    """What docs/wire/protocol.md forbids: @rule is one word for the rule, the text a sentence."""

    def __init__(self, rule, text):
        super().__init__(text)
        self.rule = rule
