# SPDX-License-Identifier: MIT
# A host with VT-x comes up in Bochs and its CIM server answers over the network.
# one processor
# limit: 240
from harness import computer_systems, expect, lab, log_of

with lab("--hosts", "1", "--timeout", "150"):
    systems = computer_systems("10.77.0.2")
    log = log_of("lab-a")
    expect(systems, "the host itself among the CIM_ComputerSystem instances")
    expect("panic" not in log.lower(), "no panic in the log")
    expect("vmx: VT-x usable" in log, "a line that says that VT-x is usable")
