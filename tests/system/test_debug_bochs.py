# SPDX-License-Identifier: MIT
# A guest debugs itself, and then has #DB and #AC delivered without end (the program of tests/machine): what it sees is what a
# processor shows, and the endless deliveries leave the host its time.
# one processor
# limit: 120
import re

from harness import Cases, expect, lab, log_of, wait_log
from machine import HOST, build, config, lab_words

LONGEST_US = 4000  # of a slice of 2000 us

build()
cases = Cases()
with lab(*lab_words(config("debug", "debug"))):
    wait_log(HOST, r"machine: end$|panic: ", 90)
    text = log_of(HOST)
    with cases.case("single steps, INT1, a watchpoint, a code breakpoint, general detection and MOV SS are as on a processor"):
        expect("debug: 6 cases, not as on a processor: 0" in text, text[-600:])
    for event in ("#DB", "#AC"):
        with cases.case(f"{event} without end: the guest's slices end in time"):
            found = re.search(f"{event} for ever: 20 slices of 2000 us, the longest of (\\d+) us, many exits", text)
            expect(found and int(found[1]) <= LONGEST_US, text[-600:])
    with cases.case("the guest goes on once it is out of it"):
        expect("debug: the guest goes on" in text, text[-600:])
cases.end()
