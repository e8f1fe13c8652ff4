# SPDX-License-Identifier: MIT
"""What the Python system tests share: a lab that ends with the test, its logs, raw HTTP to a host."""
import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time

from lablib import LabError, network, state, wait

ROOT = os.environ["TERN_ROOT"]
LAB = os.environ["LAB"]
FOLDER = os.environ["TERN_LAB_DIR"]


class Ended(SystemExit):
    """The runner ends the test: no case goes on."""


def ended(number, _frame):
    """The test ends as after a failure: with its labs down."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Ended(f"ended by {signal.Signals(number).name}")


signal.signal(signal.SIGTERM, ended)


def expect(condition, text):
    """Ends the test with the sentence of what was expected."""
    if not condition:
        sys.exit(f"expected: {text}")


class Cases:
    """The steps of a test that shares one lab: a step that fails is told and counted, the others go on."""

    def __init__(self):
        self.passed, self.failed = 0, []

    @contextlib.contextmanager
    def case(self, name):
        begun = time.monotonic()
        try:
            yield
        except (SystemExit, AssertionError, LabError, OSError, subprocess.SubprocessError) as e:
            self.failed.append(name)
            print(f"FAIL {name}: {e}", flush=True)
            if isinstance(e, Ended):
                raise
        else:
            self.passed += 1
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)

    def end(self):
        """Last words of the test, inside its lab, so that a failure shows the hosts' logs."""
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        if self.failed:
            sys.exit("failed: " + "; ".join(self.failed))


def until(what, seconds, found, step=0.2):
    """Polls found() until it gives something true, which is returned."""
    end = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > end:
            sys.exit(f"expected: {what} within {seconds} s")
        time.sleep(step)


def lab_command(*words, check=True):
    r = subprocess.run([LAB, *words], stdin=subprocess.DEVNULL, check=False)
    if check and r.returncode:
        sys.exit(f"tools/lab {' '.join(words)}: exit {r.returncode}")
    return r.returncode


def log_of(host):
    """A host's serial log without the firmware's screen control."""
    return "\n".join(wait.clean_lines(wait.read(state.running(FOLDER).host(host).serial)))


def wait_log(host, pattern, seconds):
    """Waits until a line of the host's log matches; returns the match."""
    end = time.monotonic() + seconds
    while True:
        m = re.search(pattern, log_of(host), re.I | re.M)
        if m:
            return m
        if time.monotonic() > end:
            sys.exit(f"expected: a line like {pattern!r} in {host}'s log within {seconds} s")
        time.sleep(0.2)


@contextlib.contextmanager
def lab(*words):
    """A lab for the length of a with statement; this process then is on the management station."""
    lab_command("up", *words)
    try:
        with open("/proc/self/ns/net", "rb") as home:
            network.enter(state.running(FOLDER).netns)
            try:
                yield state.running(FOLDER)
            finally:
                network.set_namespace(home.fileno())
    except BaseException:
        for h in state.running(FOLDER).hosts:
            wait.show_tail(h, 25, sys.stdout)
        raise
    finally:
        lab_command("down", check=False)


def config_file(name, text):
    path = os.path.join(FOLDER, name)
    os.makedirs(FOLDER, exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def http_request(address, method="POST", path="/cimom", body="", headers=None, port=5988, seconds=20):
    """One request; gives (status, headers, body)."""
    c = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read()
    finally:
        c.close()


CIM_HEADERS = {"Content-Type": 'application/xml; charset="utf-8"', "CIMOperation": "MethodCall",
               "CIMMethod": "EnumerateInstanceNames", "CIMObject": "root%2Fvirtualization%2Fv2"}
CIM_BODY = """<?xml version="1.0" encoding="utf-8"?>
<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>
<IMETHODCALL NAME="EnumerateInstanceNames"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>
<NAMESPACE NAME="virtualization"/><NAMESPACE NAME="v2"/></LOCALNAMESPACEPATH>
<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ComputerSystem"/></IPARAMVALUE>
</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"""


def computer_systems_answer(address, method="EnumerateInstanceNames"):
    """What a host answers to @method about CIM_ComputerSystem."""
    status, _, body = http_request(address, body=CIM_BODY.replace("EnumerateInstanceNames", method),
                                   headers=CIM_HEADERS | {"CIMMethod": method})
    expect(status == 200, f"HTTP 200 to {method}, not {status}: {body[:300]!r}")
    text = body.decode()
    expect("<IRETURNVALUE>" in text, f"an IRETURNVALUE in {text[:600]}")
    return text


def computer_systems(address):
    """The names of the CIM_ComputerSystem instances that a host enumerates."""
    text = computer_systems_answer(address)
    return re.findall(r'KEYBINDING NAME="Name">\s*<KEYVALUE[^>]*>([^<]*)<', text)
