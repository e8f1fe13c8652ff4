# SPDX-License-Identifier: MIT
"""A made-up but consistent recording of a demo run, for tests of the report: two moves of a small guest."""
from demolib.guestsum import GuestSum

BOOT = "62b9322a-0e58-49e9-aed9-c3557b384a71"
PAGES, RATE, TICK_MS = 2048, 200, 200


def job(number, scale):
    pages = [9100, 1320, 310, 90, 28]
    dirty = [1320, 310, 90, 28, 0]
    ends = [14.2, 16.4, 17.1, 17.4, 17.9]
    rounds = range(len(pages))
    return {
        "InstanceID": f"Tern:5f3c:{number}", "JobState": 7, "Phase": "DONE", "ErrorDescription": None, "Rounds": 5,
        "RoundPages": [int(p * scale) for p in pages], "RoundZeroPages": [2200, 12, 3, 0, 0], "RoundDirtyPages": dirty,
        "RoundBytes": [int(p * scale) * 4130 for p in pages],
        "RoundStartMicroseconds": [int(1e6 * ([0.3] + ends)[i]) for i in rounds],
        "RoundEndMicroseconds": [int(1e6 * ends[i]) for i in rounds],
        "BytesSent": sum(int(p * scale) * 4130 for p in pages) + 9000, "NonZeroBytes": 9100 * 4096,
        "ElapsedMicroseconds": 18400000, "ExpectedDowntimeMicroseconds": 232000, "DowntimeMicroseconds": 391000,
        "DowntimeTermNames": ["stop", "harvest", "copy", "save", "load", "trips", "verify"],
        "DowntimeTermBudget": [1000, 4000, 120000, 6000, 9000, 12000, 80000],
        "DowntimeTermReal": [700, 5200, 190000, 5100, 11000, 14000, 165000],
        "MemoryHashSource": f"{number:016x}", "MemoryHashDestination": f"{number:016x}",
    }


def console(moves, seconds):
    """Tick lines, each move costing 0.6 s of the guest's time."""
    sums, out, writes, guest, wall = GuestSum(PAGES), [], 0, 2.0, 30.0
    out.append({"wall": 29.0, "host": "lab-a", "line": f"writer pages {PAGES} rate {RATE} tick_ms {TICK_MS} sweep_ticks 40"})
    host, pending, number = "lab-a", list(moves), 0
    while wall < seconds:
        number, writes, step = number + 1, writes + RATE * TICK_MS // 1000, TICK_MS / 1000 + (number * 37 % 11) / 1000
        if pending and wall > pending[0]["wall_end"] - 1:
            host, step = pending.pop(0)["to"], step + 0.6
        guest, wall = guest + step, wall + step + (number * 53 % 17) / 700
        out.append({"wall": wall, "host": host, "line":
                    f"tick {number} time {int(guest * 1e9)} real {int((guest + 1.79e9) * 1e9)} writes {writes} "
                    f"sum {sums.at(writes):016x} bad 0 boot {BOOT}"})
    return out


def recording():
    moves = [{"from": "lab-a", "to": "lab-b", "method": "MigrateVirtualSystemToHost", "wall_start": 40.0, "wall_end": 59.0,
              "job": job(1, 1.0)},
             {"from": "lab-b", "to": "lab-a", "method": "MigrateVirtualSystemToSystem", "wall_start": 66.0, "wall_end": 85.5,
              "job": job(2, 1.04)}]
    return {
        "when": "2026-01-02 03:04", "vm": "web1", "wall_start": 0.0, "wall_end": 98.0, "migrations_wanted": 2,
        "setup": {"kernel": "vmlinuz", "command line": "console=ttyS0"},
        "checks": [{"from": "lab-a", "to": "10.77.0.3", "expected": True, "answer": {"migratable": True, "reasons": []}},
                   {"from": "lab-a", "to": "10.77.0.99", "expected": False,
                    "answer": {"migratable": False, "reasons": ["10.77.0.99: nobody answers"]}}],
        "typed": [{"host": "lab-a", "text": "echo $((6*7))", "answered": True}], "problems": [],
        "host_panics": {"lab-a": [], "lab-b": []}, "migrations": moves, "console": console(moves, 95.0),
        "events": [{"at": 0.0, "text": "two hosts start"}, {"at": 30.0, "text": "the guest ticks"}],
    }
