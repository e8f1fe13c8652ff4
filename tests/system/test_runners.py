# SPDX-License-Identifier: MIT
# The runners behind make's targets: leaks, crashes, empty programs and silent parts are failures; programs run side by
# side.
# one processor
# limit: 120
import os
import re
import shutil
import subprocess
import sys

from harness import Cases, expect, until

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

TREE = f"{FOLDER}/tree"
LIGHT = "# one processor\n" + MEETS.removeprefix("#!/bin/sh\n")
ALONE = f"exec 9>{FOLDER}/alone; flock -n 9 || exit 4\nsleep 0.5\n"


def system_tests(**texts):
    """The runner of system tests in a tree of its own with these tests."""
    shutil.rmtree(TREE, ignore_errors=True)
    os.makedirs(f"{TREE}/tests/system")
    os.symlink(f"{ROOT}/tools", f"{TREE}/tools")
    shutil.copy(f"{ROOT}/tests/system/run", f"{TREE}/tests/system/run")
    program("tree/Makefile", "system-build:\n\ttouch made\n")
    for name, text in texts.items():
        program(f"tree/tests/system/test_{name}.sh", text)
    return os.path.relpath(f"{TREE}/tests/system/run", f"{ROOT}/tools/make")


def child_ended():
    """Whoever took it over need not have waited for it yet."""
    with open(f"{FOLDER}/child", encoding="utf-8") as f:
        status = f"/proc/{f.read().strip()}/status"
    if not os.path.exists(status):
        return True
    with open(status, encoding="utf-8") as f:
        return "State:\tZ" in f.read()


with cases.case("system tests that say so run side by side, the others alone and after them, each counted"):
    if os.path.exists(f"{FOLDER}/met"):
        os.unlink(f"{FOLDER}/met")
    after = f"[ $(wc -l <{FOLDER}/met) -eq {MANY} ] || exit 5\n"
    ends(run(system_tests(alone_a=ALONE + after, alone_b=ALONE + "echo '3 passed, 0 failed'\n", bad="exit 7\n", killed="kill -9 $$\n",
                          **{f"light{i}": LIGHT for i in range(int(MANY))})), int(MANY) + 4, 2)
    expect(os.path.exists(f"{TREE}/made"), "what they share made first")

with cases.case("a system test that isn't done in time, and one that another signal ends, are ended with all they started"):
    slow = f"# limit: 1\nsleep 600 & echo $! >{FOLDER}/child; wait\n"
    ends(run(system_tests(slow=slow)), 0, 1)
    expect(child_ended(), "its child has ended")
    os.unlink(f"{FOLDER}/child")
    runner = subprocess.Popen([os.path.join(ROOT, "tools/make", system_tests(slow=slow.replace("limit: 1", "limit: 99"), zz_later="exit 0\n"))],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    until("the test has begun", 20, lambda: os.path.exists(f"{FOLDER}/child") and os.path.getsize(f"{FOLDER}/child"), 0.05)
    runner.terminate()
    text = runner.communicate(timeout=60)[0]
    expect(child_ended(), "its child has ended")
    ends((runner.returncode, text), 0, 2)

cases.end()
sys.exit(0)
