# SPDX-License-Identifier: MIT
"""Commands: each one's output goes to a log, and one that fails is an exception. Nothing here is run otherwise."""
import os
import subprocess

# What a make around this one, or a shell, would change in the makes and compilers below.
UNWANTED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEFILES", "CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "CC", "CFLAGS",
            "CPPFLAGS", "LDFLAGS")


class CommandFailed(Exception):
    def __init__(self, words, status, output):
        super().__init__(f"{' '.join(words)[:200]}: ended with {status}")
        self.output = output


def environment(extra=None):
    kept = {k: v for k, v in os.environ.items() if k not in UNWANTED}
    return {**kept, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **(extra or {})}


def run(log, *words, cwd=None, env=None):
    """Runs one command and gives its output, also written to the file @log. CommandFailed unless it ends with 0."""
    log.write(f"$ {' '.join(words)}\n")
    log.flush()
    output = []
    try:
        process = subprocess.Popen(words, cwd=cwd, env=environment(env), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    except OSError as e:
        log.write(f"{e}\n")
        raise CommandFailed(words, e.strerror, "") from e
    with process:
        for line in process.stdout:
            log.write(line)
            output.append(line)
    log.flush()
    text = "".join(output)
    if process.returncode:
        raise CommandFailed(words, process.returncode, text)
    return text
