# SPDX-License-Identifier: MIT
# The runners behind make's targets: leaks, crashes, empty programs and silent parts are failures; programs run side by
# side.
# limit: 120
import os
import re
import subprocess
import sys

from harness import Cases, expect

FOLDER, ROOT = os.environ["TERN_LAB_DIR"], os.environ["TERN_ROOT"]
LEAKS = """#include <criterion/criterion.h>
#include <stdlib.h>
static void *volatile last;
Test(sample, drops_memory) { last = malloc(77); last = NULL; }
Test(sample, frees_memory) { last = malloc(77); free(last); }
"""
MANY = str(os.cpu_count())
# As many of these as there are processors end only side by side.
MEETS = f"""#!/bin/sh
echo >>{FOLDER}/met
for i in $(seq 200); do [ $(wc -l <{FOLDER}/met) -lt {MANY} ] || break; sleep 0.05; done
[ $(wc -l <{FOLDER}/met) -ge {MANY} ] || exit 3
echo '[====] Synthesis: Tested: 1 | Passing: 1 | Failing: 0 | Crashing: 0'
echo 'stat::number_of_executed_units: 5'
"""


def program(name, text):
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


def says(name, counts, status=0):
    """A program that ends as a Criterion one with these counts does."""
    words = "Tested: {} | Passing: {} | Failing: {} | Crashing: {}".format(*counts)
    return program(name, f"#!/bin/sh\necho '[====] Synthesis: {words}'\nexit {status}\n")


def run(runner, *words):
    r = subprocess.run([os.path.join(ROOT, "tools", "make", runner), *words], stdin=subprocess.DEVNULL, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print("    " + r.stdout.replace("\n", "\n    "))
    return r.returncode, r.stdout


def ends(result, passed, failed):
    status, text = result
    expect(text.rstrip().split("\n")[-1] == f"{passed} passed, {failed} failed", f"{passed} passed and {failed} failed")
    expect((status != 0) == (failed != 0), f"exit {'not ' if failed else ''}0, got {status}")


os.makedirs(FOLDER, exist_ok=True)
cases = Cases()

with cases.case("a test that leaks fails, though Criterion has it pass"):
    source, binary = program("leaks.c", LEAKS), os.path.join(FOLDER, "leaks")
    subprocess.run(["gcc", "-g", "-fsanitize=address", source, "-o", binary, "-lcriterion"], check=True)
    result = run("run-unit", binary)
    ends(result, 1, 1)
    expect("drops_memory" in result[1], "the test's name in the trace")

with cases.case("failing and crashing tests, a bad end, no test and no program are failures; the others count"):
    ends(run("run-unit", says("good", (2, 2, 0, 0)), says("failing", (3, 1, 1, 1), 1), says("bad_end", (2, 2, 0, 0), 1),
             says("empty", (0, 0, 0, 0)), program("silent", "#!/bin/sh\n"), os.path.join(FOLDER, "absent")), 5, 6)

for runner, first in (("run-unit", ()), ("run-fuzz", ("1",))):
    with cases.case(f"{runner} has as many running as there are processors"):
        if os.path.exists(f"{FOLDER}/met"):
            os.unlink(f"{FOLDER}/met")
        ends(run(runner, *first, *(program(f"meets{i}", MEETS) for i in range(int(MANY)))), int(MANY), 0)

with cases.case("a fuzz target that finds something or that ran no input is a failure"):
    ends(run("run-fuzz", "1", program("fuzz_finds", "#!/bin/sh\necho 'stat::number_of_executed_units: 5'\nexit 77\n"),
             program("fuzz_none", "#!/bin/sh\necho 'stat::number_of_executed_units: 0'\n")), 0, 2)

with cases.case("a part that ends badly or says nothing is a failure, and each part's time is told"):
    make = program("make", "#!/bin/sh\nfor last; do :; done\ncase $last in\n"
                   "good) echo '3 passed, 0 failed' ;;\nbad) echo '2 passed, 0 failed'; exit 2 ;;\nsilent) ;;\nesac\n")
    result = run("run-parts", make, "good", "bad", "silent")
    ends(result, 5, 2)
    expect(len(re.findall(r"^== \w+ took \d+ s$", result[1], re.M)) == 3, "the time of three parts")

cases.end()
sys.exit(0)
