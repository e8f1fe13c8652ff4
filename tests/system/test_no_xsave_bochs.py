# SPDX-License-Identifier: MIT
# A CPU with VT-x and without XSAVE (Westmere): the host says what is missing, refuses the guest that should start with it, and serves.
# one processor
# limit: 150
from harness import Cases, computer_systems, expect, lab, log_of, wait_log
from machine import HOST, build, config, host_words

build()
cases = Cases()
with lab(*host_words(config("web"), "--cpu", "corei5_arrandale_m520")):
    wait_log(HOST, r"net: ready|panic: ", 100)
    with cases.case("the log names what is missing"):
        wait_log(HOST, r"missing: .*XSAVE", 30)
    with cases.case("the guest is refused, and the host answers"):
        wait_log(HOST, r"web does not start: .*XSAVE", 5)
        names = computer_systems("10.77.0.2")
        expect(HOST in names, f"the host in {names}")
        expect("panic" not in log_of(HOST), log_of(HOST)[-600:])
cases.end()
