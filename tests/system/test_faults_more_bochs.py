# SPDX-License-Identifier: MIT
# More points of test_faults_bochs: those at which a host dies, and what else is slow.
# limit: 1800
# long
from faults import LOST, PRESENT, Case, run

run((
    Case("OFFER",      "S", 1, "cut",    LOST,    "stays"),
    Case("PAGES",      "S", 6, "kill D", LOST,    "stays"),
    Case("ROUND_END",  "S", 1, "cut",    PRESENT, "stays"),
    Case("STOP",       "S", 1, "kill D", PRESENT, "stays"),
    Case("LAST_PAGES", "S", 1, "kill S", PRESENT, "frees"),
    Case("STATE",      "S", 1, "kill S", LOST,    "frees"),
    Case("STATE",      "S", 1, "cut",    LOST,    "stays"),
    Case("STATE",      "S", 1, "cancel", LOST,    "stays"),
    Case("READY",      "D", 1, "kill D", LOST,    "stays"),
    Case("READY",      "D", 1, "kill S", LOST,    "doubt_d"),
    Case("COMMIT",     "S", 1, "cut",    PRESENT, "moves"),
    Case("RUNNING",    "D", 1, "cancel", LOST,    "moves"),
    Case("RUNNING",    "D", 1, "kill S", LOST,    "alone"),
    Case("RUNNING",    "D", 1, "kill D", LOST,    "doubt_s"),
    Case("DONE",       "S", 1, "kill S", LOST,    "alone"),
))
