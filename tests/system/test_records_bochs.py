# SPDX-License-Identifier: MIT
# Hosts that lose their power in the hand-off of a running Linux guest: what they have recorded in the firmware's variables
# settles it after their restart, by asking or by an operator's word; the guest runs on at exactly one host.
# limit: 900
import re

from lablib import state
from lablib.gate import Gate
from harness import FOLDER, Cases, config_file, expect, http_request, lab, lab_command, log_of, until, wait_log
from moving import EXCEPTION, INITRD, KERNEL, VM, Moving, build
from noted import booted_before

A, B = "lab-a", "lab-b"
HOSTS = {A: "10.77.0.2", B: "10.77.0.3"}
CONFIG = """[host]
name = {host}
log_level = debug
[net]
address = {address}/24
[migration]
verify = full
max_downtime_ms = 1000
[peer {peer}]
address = {peer_address}
"""
GUEST = f"""[vm {VM}]
memory = 96M
kernel = /tern/vmlinuz
initrd = /tern/initrd.gz
cmdline = console=ttyS0 quiet cryptomgr.notests tern.region=1M tern.rate=20 tern.tick_ms=250
autostart = yes
"""
JOBS = ('<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
         '<SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virtualization"/>'
         '<NAMESPACE NAME="v2"/></LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="Tern_MigrationJob"/></IPARAMVALUE>'
         '<IPARAMVALUE NAME="PropertyList"><VALUE.ARRAY><VALUE>Phase</VALUE></VALUE.ARRAY></IPARAMVALUE>'
         '</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>')
HEADERS = {"Content-Type": 'application/xml; charset="utf-8"', "CIMOperation": "MethodCall", "CIMMethod": "EnumerateInstances",
           "CIMObject": "root%2Fvirtualization%2Fv2"}


def lab_words():
    words = ["--hosts", "2", "--keep-variables", "--timeout", "240", "--file", f"{A}={KERNEL}", "--file", f"{A}={INITRD}"]
    for host, peer in ((A, B), (B, A)):
        text = CONFIG.format(host=host, address=HOSTS[host], peer=peer, peer_address=HOSTS[peer]) + (GUEST if host == A else "")
        words += ["--config", f"{host}={config_file(host + '.conf', text)}"]
    return words


def phase(host):
    """Of the host's newest job."""
    _, _, body = http_request(HOSTS[host], body=JOBS, headers=HEADERS)
    return re.findall(r'NAME="Phase" TYPE="string"><VALUE>([A-Z_]*)<', body.decode())[-1]


def committed_and_unheard(m):
    """A migration from lab-a whose COMMIT does not arrive: committed here, prepared there. Gives the job's number, and the gate that
    keeps COMMIT and all that follows."""
    lab_now = state.running(FOLDER)
    gate = Gate(lab_now.netns, lab_now.host(A).tap)
    try:
        gate.arm("COMMIT", HOSTS[A], 1, lambda _pass_on: gate.hold())
        number = m.migrate(A, HOSTS[B])
        gate.wait(400)
        until("lab-a in doubt", 90, lambda: phase(A) == "IN_DOUBT", 0.5)
    except BaseException:
        gate.close()
        raise
    return number, gate


def destination_dies(c, m):
    with c.case("COMMIT does not arrive: the source is in doubt and says so"):
        m.doubted, gate = committed_and_unheard(m)
        job = m.job(A, m.doubted)
        print(f"     {job['ErrorDescription']}")
        vm = m.systems(A)[0][VM]
        expect(vm["EnabledState"] == 0, f"an EnabledState 0 (Unknown) of {VM}, not {vm['EnabledState']}")
    if c.failed:
        return
    with c.case("an operator is told what forcing it would risk, and nothing happens"):
        code, answer = m.ctl(A, "force", m.doubted, "resume")
        expect(code == 1 and answer["return_value"] == 32768 and answer["risk"], f"a risk: {answer}")
        print(f"     risk: {answer['risk']}")
        expect(phase(A) == "IN_DOUBT", "the job still in doubt")
    with c.case("the destination is killed and comes back: its record says that the copy never ran, the source goes on"):
        lab_command("kill", B)
        gate.close()
        lab_command("start", B, "--timeout", "240")
        wait_log(B, r"records: kept by the firmware \(boot 3\)$", 30)
        print("     " + wait_log(B, rf"mig: ({VM} was prepared here for .*)", 30).group(1))
        job = m.ended(A, m.doubted, EXCEPTION, 90)
        print(f"     {job['ErrorDescription']}")
        m.ticks(A, 3, 90)


def source_dies(c, m):
    with c.case("the source is killed after it committed: the destination holds the copy and runs it only by an operator's word"):
        _number, gate = committed_and_unheard(m)
        lab_command("kill", A)
        gate.close()
        job = until("lab-b in doubt", 90, lambda: (lambda j: j if j["Phase"] == "IN_DOUBT" else None)(m.job(B, "1")))
        print(f"     {job['ErrorDescription']}")
        code, answer = m.ctl(B, "force", "1", "run")
        expect(code == 1 and answer["risk"], f"a risk: {answer}")
        print(f"     risk: {answer['risk']}")
        expect(m.ctl(B, "force", "1", "run", "--accept-risk")[0] == 0, "the forced run to succeed")
        m.ticks(B, 3, 90)


def refused_here(m, why):
    expect(m.ctl(A, "start", VM)[0] == 1, f"the start of {VM} to be refused")
    vm = m.systems(A)[0][VM]
    expect(vm["OperatingStatus"] == 7 and vm["EnabledState"] == 3, f"{VM} dormant on {A}: {vm['OperatingStatus']} {vm['EnabledState']}")
    expect(re.search(why, vm["StatusDescriptions"][0]), f"{why!r} in {vm['StatusDescriptions']}")


def away(c, m):
    with c.case("the source comes back: it does not start the guest again, asks, and learns that it is away"):
        lab_command("start", A, "--timeout", "240")
        print("     " + wait_log(A, rf"vm: ({VM} is not started: .*lab-b.*)", 30).group(1))
        until(f"{VM} away", 90, lambda: m.systems(A)[0][VM]["OperatingStatus"] == 7, 0.5)
        refused_here(m, rf"{VM} moved to lab-b")
        m.ticks(B, 2, 90)
    with c.case("after one more restart it is still away: not started, not given back without accepting the risk"):
        lab_command("kill", A)
        lab_command("start", A, "--timeout", "240")
        wait_log(A, rf"vm: {VM} is not started: {VM} moved to lab-b", 30)
        refused_here(m, rf"{VM} moved to lab-b")
        code, answer = m.ctl(A, "reclaim", VM)
        expect(code == 1 and "moved to lab-b" in answer["risk"], f"a risk: {answer}")
        m.ticks(B, 2, 90)


build()
cases = Cases()
booted_before(A)
booted_before(B)
with lab(*lab_words()):
    moving = Moving(HOSTS)
    try:
        with cases.case("both hosts find what an earlier boot left in their firmware"):
            for one in HOSTS:
                wait_log(one, r"records: kept by the firmware \(boot 2\)$", 30)
                print(f"     {one}: " + wait_log(one, r"records: (writing one took .*)", 30).group(1))
        with cases.case("Debian's kernel boots to the guest's program"):
            moving.ticks(A, 3, 300)
        for part in (destination_dies, source_dies, away):
            if not cases.failed:
                part(cases, moving)
        with cases.case("no host panicked"):
            for one in HOSTS:
                expect("panic" not in log_of(one).lower(), f"no panic on {one}")
    finally:
        moving.close()
    cases.end()
