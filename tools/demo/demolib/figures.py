# SPDX-License-Identifier: MIT
"""Figures of a demo run, computed from its recording: what the jobs said and what the consoles showed."""
from .ticks import Reader

ROUND_FIELDS = {"start_us": "RoundStartMicroseconds", "end_us": "RoundEndMicroseconds", "pages": "RoundPages",
                "zero_pages": "RoundZeroPages", "dirty_pages": "RoundDirtyPages", "bytes": "RoundBytes"}


def rounds_of(job):
    columns = {name: job.get(field) or [] for name, field in ROUND_FIELDS.items()}
    count = max(len(c) for c in columns.values())
    return [{name: int(c[i]) if i < len(c) else 0 for name, c in columns.items()} for i in range(count)]


def terms_of(job):
    names = job.get("DowntimeTermNames") or []
    budget, real = job.get("DowntimeTermBudget") or [], job.get("DowntimeTermReal") or []
    return [{"name": n, "budget_us": int(b), "real_us": int(r)} for n, b, r in zip(names, budget, real)]


def number(job, name):
    return int(job.get(name) or 0)


def gaps_of(ticks):
    """Time between neighbouring ticks in milliseconds, in guest time and as the station's clock saw them."""
    return [{"number": b.number, "host": b.host, "wall": b.wall, "guest_ms": (b.time_ns - a.time_ns) / 1e6,
             "wall_ms": (b.wall - a.wall) * 1e3} for a, b in zip(ticks, ticks[1:])]


def largest(gaps, key):
    return max((g[key] for g in gaps), default=None)


def migration(move, ticks, gaps, until):
    """One migration: @until is when the next one began (or the end)."""
    job = move.get("job") or {}
    after = [t for t in ticks if t.host == move["to"] and move["wall_start"] <= t.wall < until]
    before = [t for t in ticks if t.host == move["from"] and (t.number < after[0].number if after else t.wall < until)]
    end = max([move["wall_end"]] + [t.wall for t in after[:1]]) + 2
    near = [g for g in gaps if move["wall_start"] <= g["wall"] <= end]
    hand_off = next((g for g in gaps if after and g["number"] == after[0].number), None)
    rounds = rounds_of(job)
    return {
        "from": move["from"], "to": move["to"], "method": move["method"], "job": job.get("InstanceID"),
        "state": job.get("JobState"), "phase": job.get("Phase"), "error": job.get("ErrorDescription"),
        "rounds": rounds, "round_count": max(number(job, "Rounds"), len(rounds)),
        "pages": sum(r["pages"] for r in rounds), "zero_pages": sum(r["zero_pages"] for r in rounds),
        "dirty_pages": sum(r["dirty_pages"] for r in rounds), "bytes": number(job, "BytesSent"),
        "nonzero_bytes": number(job, "NonZeroBytes"), "total_us": number(job, "ElapsedMicroseconds"),
        "expected_downtime_us": number(job, "ExpectedDowntimeMicroseconds"),
        "downtime_us": number(job, "DowntimeMicroseconds"), "terms": terms_of(job),
        "hash_source": job.get("MemoryHashSource") or None, "hash_destination": job.get("MemoryHashDestination") or None,
        "station_seconds": move["wall_end"] - move["wall_start"],
        "largest_gap_guest_ms": largest(near, "guest_ms"), "largest_gap_wall_ms": largest(near, "wall_ms"),
        "hand_off_gap_guest_ms": hand_off and hand_off["guest_ms"], "hand_off_gap_wall_ms": hand_off and hand_off["wall_ms"],
        "boot_before": before[-1].boot if before else None, "boot_after": after[0].boot if after else None,
        "last_tick_before": before[-1].number if before else None, "first_tick_after": after[0].number if after else None,
        "ticks_after": len(after), "wall_start": move["wall_start"], "wall_end": move["wall_end"],
    }


def compute(recording):
    """The whole report.json but for the claims; ticks come back beside it, in order of their numbers."""
    reader = Reader()
    for record in recording["console"]:
        reader.add(record)
    ticks = sorted(reader.ticks, key=lambda t: (t.number, t.wall))
    gaps = gaps_of(ticks)
    moves = recording["migrations"]
    ends = [m["wall_start"] for m in moves[1:]] + [float("inf")]
    start = recording["wall_start"]
    return {
        "when": recording["when"], "vm": recording["vm"], "setup": recording["setup"], "guest": reader.start,
        "wall_start": start, "seconds": recording["wall_end"] - start, "checks": recording["checks"],
        "events": recording["events"],
        "migrations": [migration(m, ticks, gaps, end) for m, end in zip(moves, ends)],
        "ticks": {"count": len(ticks), "first": ticks[0].number if ticks else None,
                  "last": ticks[-1].number if ticks else None, "torn_lines": reader.torn,
                  "writes": ticks[-1].writes if ticks else 0, "largest_gap_guest_ms": largest(gaps, "guest_ms"),
                  "largest_gap_wall_ms": largest(gaps, "wall_ms")},
        "trouble": reader.trouble, "gaps": gaps,
    }, ticks
