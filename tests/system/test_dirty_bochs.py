# SPDX-License-Identifier: MIT
# No write is ever lost: the program of tests/machine switches tracking on, harvests and switches it off two thousand times
# while its guest writes counters to random pages, and compares what it copied. Each tracker on the CPU model that makes Tern
# choose it. With sync=none a run repeats itself to the instruction. Before that the same guest takes NMIs whose handlers end with an IRET
# that writes to a tracked page: none is taken before that IRET has ended, and none is lost.
# one processor
# limit: 900
import re

from harness import Cases, expect, lab, log_of, wait_log
from machine import HOST, build, config, lab_words

ATTEMPTS, SEED = 2000, 1
FULL = 200      # NMIs whose handlers fill the log
RUNS = (("PML", "corei7_skylake_x"), ("A/D", "corei7_haswell_4770"), ("write-protect", "corei7_ivy_bridge_3770k"))
SUMS = (r"machine: (\d+) attempts, (\d+) compared, (\d+) writes, (\d+) pages harvested, (\d+) exits, (\d+) by a full log$")


NMIS = r"machine: (\S+): (\d+) NMIs sent, (\d+) taken, (\d+) nested, (\d+) exits by a full log$"


def text_of(pattern):
    wait_log(HOST, pattern + r"|panic: ", 280)
    text = log_of(HOST)
    expect("panic: " not in text, "no " + (re.findall(r"panic: .*", text) or [""])[0])
    return text


def nmis_hold(kind):
    text = text_of(NMIS)
    print("     " + re.search(NMIS, text, re.M).group(0))
    name, sent, taken, nested, full = re.search(NMIS, text, re.M).groups()
    expect(name == kind, f"the {kind} tracker to be chosen, not {name}")
    expect(taken == sent and nested == "0", f"{sent} NMIs, each after the one before: not {taken} with {nested} nested")
    expect((int(full) >= FULL) == (kind == "PML"), f"{FULL} IRETs that find a full log under PML, not {full}")


def holds(kind):
    text = text_of(r"machine: end$")
    expect(re.search(f"machine: tracker {kind}$", text, re.M), f"the {kind} tracker to be chosen")
    print("     " + re.search(SUMS, text, re.M).group(0))
    attempts, compared, writes, harvested, exits, full = map(int, re.search(SUMS, text, re.M).groups())
    expect(attempts == ATTEMPTS and compared > ATTEMPTS * 3 / 4, f"{ATTEMPTS} attempts, most of them compared")
    expect(writes > 100 * attempts and harvested > 50 * attempts, "a guest that kept writing")
    expect((full > FULL + attempts / 10) == (kind == "PML"), f"full logs under PML and under no other, not {full}")
    expect((exits > 20 * attempts) == (kind == "write-protect"), f"an exit for each first write under write-protection alone, not {exits}")


build()
cases = Cases()
for tracker, model in RUNS:
    with lab(*lab_words(config("writer", f"nmi;lost {ATTEMPTS} {SEED}"), "--cpu", model)):
        with cases.case(f"{tracker} on {model}: NMIs stay blocked until their handler's IRET has ended"):
            nmis_hold(tracker)
        with cases.case(f"{tracker} on {model}: no write is lost in {ATTEMPTS} attempts"):
            holds(tracker)
cases.end()
