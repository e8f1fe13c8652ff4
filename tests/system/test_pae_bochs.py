# SPDX-License-Identifier: MIT
# A guest in PAE paging keeps the PDPTEs that its processor holds when its state moves to another vCPU (the program of
# tests/machine): its PDPT in memory says something else by then. Once they were loaded by the CPU, once by Tern, after an exit.
# one processor
# limit: 120
from harness import Cases, expect, lab, log_of, wait_log
from machine import HOST, build, config, lab_words

build()
cases = Cases()
with lab(*lab_words(config("pae", "pae"))):
    wait_log(HOST, r"machine: end$|panic: ", 90)
    for who in ("the CPU", "Tern"):
        with cases.case(f"PDPTEs loaded by {who}: the guest writes on where it wrote before it moved"):
            text = log_of(HOST)
            for words in ("first page has 1 2", "other page has 0 0"):
                expect(f"pae, PDPTEs loaded by {who}: {words}" in text, f"\"{words}\" in the log: {text[-600:]}")
cases.end()
