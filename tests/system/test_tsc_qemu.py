# SPDX-License-Identifier: MIT
# While this machine is busy, a host measures the TSC's frequency at each boot the same, and as it is. (TCG passes the real TSC through.)
# limit: 240
import os
import re
import subprocess

from harness import FOLDER, Cases, expect, lab, log_of, wait_log

BOOTS, PER_MILLE = 3, 1
TRUTH = r"""
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>
static unsigned long long ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}
/* The reading of 200 with the least time around it. */
static void both(unsigned long long *tsc, unsigned long long *at)
{
	unsigned long long best = ~0ull;
	for (int i = 0; i < 200; i++) {
		unsigned long long a = ns(), t = __rdtsc(), b = ns();
		if (b - a < best)
			best = b - a, *tsc = t, *at = a;
	}
}
int main(void)
{
	unsigned long long t0, t1, n0, n1;
	both(&t0, &n0);
	nanosleep(&(struct timespec){ 1, 0 }, NULL);
	both(&t1, &n1);
	printf("%llu\n", (unsigned long long)((t1 - t0) * 1e6 / (n1 - n0)));
}
"""


def truth_khz():
    program = os.path.join(FOLDER, "truth")
    subprocess.run(["gcc", "-O2", "-x", "c", "-", "-o", program], input=TRUTH.encode(), check=True)
    return int(subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout)


os.makedirs(FOLDER, exist_ok=True)
true_khz = truth_khz()
print(f"this machine's TSC: {true_khz} kHz", flush=True)
busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2 * (os.cpu_count() or 1))]
cases, seen = Cases(), []
try:
    for boot in range(BOOTS):
        with cases.case(f"boot {boot + 1}"):
            with lab("--hosts", "1", "--emulator", "qemu", "--timeout", "60"):
                wait_log("lab-a", r"ready at", 10)
                said = re.findall(r"time: the TSC runs at (\d+)\.\d+ kHz, give or take (\d+) ppm", log_of("lab-a"))
                print(f"{said}", flush=True)
                expect(len(said) == 2, "the frequency by the first look and by the longer one")
                for khz, ppm in said:
                    seen.append(int(khz))
                    expect(int(ppm) < 1000, "an uncertainty that guests can live with")
                    expect(abs(int(khz) - true_khz) * 1000 <= true_khz * PER_MILLE, f"{true_khz} kHz within 0.1 %, not {khz}")
finally:
    for p in busy:
        p.kill()
with cases.case("all boots agree"):
    expect(seen and (max(seen) - min(seen)) * 1000 <= max(seen) * PER_MILLE, f"a spread within 0.1 % in {seen}")
cases.end()
