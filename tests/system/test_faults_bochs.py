# SPDX-License-Identifier: MIT
# The hand-off on two real hosts: at a chosen record the link is cut, a host dies or an operator cancels. After each:
# exactly one side runs the guest (or holds it in doubt and nobody runs it), with its memory right and not gone back,
# nothing is left over, and the next attempt works. Each end is one that the model's runs have (tests/model/traces.txt).
# limit: 1200
from faults import LOST, PRESENT, Case, run

run((
    Case("HELLO",      "S", 1, "cut",    LOST,    "stays"),
    Case("OFFER",      "S", 1, "kill D", PRESENT, "stays"),
    Case("ACCEPT",     "D", 1, "cancel", LOST,    "stays"),
    Case("PAGES",      "S", 4, "kill S", PRESENT, "frees"),
    Case("ROUND_ACK",  "D", 1, "cut",    LOST,    "stays"),
    Case("DRY_STATE",  "S", 1, "cancel", LOST,    "stays"),
    Case("STOP",       "S", 1, "cancel", LOST,    "stays"),
    Case("LAST_PAGES", "S", 1, "cut",    LOST,    "stays"),
    Case("READY",      "D", 1, "cancel", LOST,    "stays"),
    Case("READY",      "D", 1, "cut",    LOST,    "stays"),
    Case("COMMIT",     "S", 1, "cancel", LOST,    "moves"),
    Case("COMMIT",     "S", 1, "cut",    LOST,    "moves"),
    Case("COMMIT",     "S", 1, "kill S", LOST,    "doubt_d"),
    Case("COMMIT",     "S", 1, "kill D", LOST,    "doubt_s"),
    Case("RUNNING",    "D", 1, "cut",    LOST,    "moves"),
    Case("DONE",       "S", 1, "cut",    LOST,    "moves"),
))
