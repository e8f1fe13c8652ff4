# SPDX-License-Identifier: MIT
# Records of hand-offs are variables of the firmware: they survive a restart, and a store that is full, strange or missing is
# survived with a sentence.
# one processor
# limit: 240
import re
from lablib import state
from lablib.nvram import ATTRIBUTES, TERN, Store
from harness import FOLDER, Cases, computer_systems, computer_systems_answer, expect, lab, lab_command, log_of, wait_log

HOST = "lab-a"
KEY = "00112233445566778899aabbccddeeff"


def restart(change=lambda store: None):
    """Power off, the variables changed meanwhile, power on."""
    lab_command("kill", HOST)
    store = Store(state.running(FOLDER).host(HOST).variables)
    change(store)
    store.save()
    lab_command("start", HOST, "--timeout", "120")


def up_and_well():
    expect("panic" not in log_of(HOST).lower(), "no panic")
    expect(computer_systems("10.77.0.2"), "the host among its systems")


c = Cases()
with lab("--hosts", "1", "--emulator", "qemu", "--memory", "256", "--keep-variables", "--timeout", "90"):
    with c.case("the first boot proves nothing"):
        wait_log(HOST, r"records: not yet proven to survive a restart", 30)
        print("     " + wait_log(HOST, r"records: (writing one took .*)", 30).group(1))
        up_and_well()
    with c.case("the second finds what the first wrote, non-volatile and under Tern's GUID"):
        seen = {}
        restart(lambda store: seen.update(store.variables()))
        expect(sorted(seen) == ["Boot", "Secret"] and all(v[0] == ATTRIBUTES for v in seen.values()),
               f"Boot and Secret in the flash, not {sorted(seen)}")
        wait_log(HOST, r"records: kept by the firmware \(boot 2\)$", 30)
        up_and_well()
    with c.case("strange variables under Tern's GUID are named and left alone"):
        def strange(store):
            store.add("Surprise", b"\0\1\2")
            store.add(KEY, b"not a record at all")
            store.add(KEY[:-1] + "0", b"x" * 700)
            store.add("\u2603" * 60, b"snow")
            store.add("Boots", b"", attributes=6)
        restart(strange)
        wait_log(HOST, r"records: kept by the firmware \(boot 3\)$", 30)
        wait_log(HOST, r"records: variable Surprise under Tern's GUID is no record; it is left alone", 30)
        wait_log(HOST, rf"records: variable {KEY[:8]} is no record: its checksum is wrong", 30)
        wait_log(HOST, rf"records: .*variable {KEY[:8]}.*(longer than anything|not Tern's)", 30)
        wait_log(HOST, r"records: variable \?{8} under Tern's GUID is no record", 30)
        up_and_well()
    with c.case("they are still there afterwards, and Boot is whole"):
        after = {}
        restart(lambda store: after.update(store.variables()))
        expect({"Surprise", KEY, "Boot"} <= set(after), f"them among {list(after)}")
        wait_log(HOST, r"records: kept by the firmware \(boot 4\)$", 30)
    with c.case("a damaged Boot: proof begins again"):
        def damage(store):
            at, content = next((at, e) for at, state, _, name, vendor, e in store.entries()
                               if state == 0x3f and name == "Boot" and vendor == TERN)
            where = store.data.index(content, at)
            store.data[where + 10] ^= 0xff
        restart(damage)
        wait_log(HOST, r"records: variable Boot is no record: its checksum is wrong", 30)
        wait_log(HOST, r"records: not yet proven", 30)
    with c.case("a full store: what is there is read, and that nothing can be written is said"):
        restart(lambda store: store.fill(40))
        wait_log(HOST, r"records: kept by the firmware, and no more until this host restarts, hand-offs go on by boot ids: writing variable Boot: .*full.*\(EFI_OUT_OF_RESOURCES\)$", 30)
        told = re.search(r'"RecordsStatus".*?<VALUE>(.*?)</VALUE>', computer_systems_answer("10.77.0.2", "EnumerateInstances"), re.S)
        expect(told and told.group(1).endswith("(EFI_OUT_OF_RESOURCES)"), f"the whole sentence: {told and told.group(1)}")
        up_and_well()
    c.end()
