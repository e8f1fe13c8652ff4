# SPDX-License-Identifier: MIT
"""What the demo claims, each claim decided by data alone. A claim is {name, held, detail}."""
from .guestsum import GuestSum

COMPLETED = 7
TICKS_AFTER = 10  # so many ticks show that the guest goes on


def claim(name, held, detail):
    return {"name": name, "held": bool(held), "detail": detail}


def checks(report):
    for c in report["checks"]:
        answer = c["answer"] or {}
        reasons = "; ".join(answer.get("reasons") or [])
        said = f"IsMigratable {answer.get('migratable')}" + (f": {reasons}" if reasons else "")
        held = answer.get("migratable") is c["expected"] and (c["expected"] or reasons)
        wanted = "can move" if c["expected"] else "can't move, with the reason"
        yield claim(f"asked about {c['to']}, {c['from']} says that {report['vm']} {wanted}", held, said)
    if not report["checks"]:
        yield claim("the destination was asked before a migration", False, "no check was made")


def migration(m, number):
    way = f"migration {number} ({m['from']} to {m['to']})"
    yield claim(f"{way} completed", m["state"] == COMPLETED,
                f"job {m['job']}, state {m['state']}, phase {m['phase']}" + (f": {m['error']}" if m["error"] else ""))
    yield claim(f"{way} copied memory in rounds while the guest ran", m["round_count"] >= 2 and m["pages"] and m["dirty_pages"],
                f"{m['round_count']} rounds, {m['pages']} pages sent, {m['dirty_pages']} found dirty again, {m['bytes']} bytes")
    yield claim(f"{way} left equal memory on both sides", m["hash_source"] and m["hash_source"] == m["hash_destination"],
                f"source {m['hash_source']}, destination {m['hash_destination']}")
    yield claim(f"{way} measured its downtime and every term of it", m["downtime_us"] > 0 and m["terms"],
                f"{m['downtime_us'] / 1e3:.1f} ms in {len(m['terms'])} terms")
    yield claim(f"{way}: the guest ticks on at {m['to']}", m["ticks_after"] >= TICKS_AFTER,
                f"{m['ticks_after']} ticks there, from number {m['first_tick_after']}")
    yield claim(f"{way}: the guest was not restarted", m["boot_before"] and m["boot_before"] == m["boot_after"],
                f"boot id {m['boot_before']} before, {m['boot_after']} after")


def one_machine(report, ticks):
    """In order of the tick numbers the host changes once per migration and no number comes twice."""
    order, wanted = [], [m["from"] for m in report["migrations"][:1]] + [m["to"] for m in report["migrations"]]
    for t in ticks:
        if order[-1:] != [t.host]:
            order.append(t.host)
    twice = [a.number for a, b in zip(ticks, ticks[1:]) if a.number == b.number]
    yield claim("the guest ran on one host at a time", ticks and order == wanted and not twice,
                f"ticks came from {', '.join(order) or 'nowhere'}" + (f"; twice: {twice[:5]}" if twice else ""))
    lost = sum(b.number - a.number - 1 for a, b in zip(ticks, ticks[1:]) if b.number > a.number)
    yield claim("no tick was lost", ticks and not lost, f"{len(ticks)} ticks, {lost} missing, "
                f"{report['ticks']['torn_lines']} line(s) cut in two by a hand-off and put together")


def guest_time(report, ticks):
    back = [b.number for a, b in zip(ticks, ticks[1:]) if b.time_ns < a.time_ns or b.real_ns < a.real_ns]
    said = [t["line"] for t in report["trouble"] if "TIME WENT BACK" in t["line"]]
    yield claim("guest time never went back", ticks and not back and not said,
                f"monotonic and real time of {len(ticks)} ticks" + (f"; back at {back[:5]} {said[:2]}" if back or said else ""))


def content(report, ticks):
    bad = max((t.bad for t in ticks), default=0)
    yield claim("every page read back as it was written", ticks and not bad, f"{bad} bad pages")
    wrong = None
    if report["guest"]:
        sums = GuestSum(report["guest"]["pages"])
        try:
            wrong = next((t.number for t in ticks if sums.at(t.writes) != t.sum), None)
        except ValueError:
            wrong = "order of writes"
    yield claim("the running checksum is right at every tick", ticks and report["guest"] and wrong is None,
                f"{report['ticks']['writes']} writes recomputed" + (f"; first wrong: tick {wrong}" if wrong else ""))
    boots = sorted({t.boot for t in ticks})
    yield claim("it is one and the same boot throughout", len(boots) == 1, f"boot id {', '.join(boots) or 'none'}")
    other = [t["line"] for t in report["trouble"] if "TIME WENT BACK" not in t["line"]]
    yield claim("the guest kernel and its program had no trouble", not other, "; ".join(other[:3]) or "no such line on the console")


def typed(report, recording):
    for t in recording["typed"]:
        yield claim(f"a person can type at the console on {t['host']}", t["answered"],
                    f"typed '{t['text']}', {'the answer came' if t['answered'] else 'no answer'}")


def hosts(recording):
    for host, lines in recording["host_panics"].items():
        yield claim(f"{host} had no panic", not lines, "; ".join(lines[:2]) or "none in its log")


def decide(report, ticks, recording):
    out = list(checks(report))
    if len(report["migrations"]) != recording["migrations_wanted"]:
        out.append(claim("all migrations were tried", False,
                         f"{len(report['migrations'])} of {recording['migrations_wanted']}"))
    for i, m in enumerate(report["migrations"], 1):
        out += migration(m, i)
    out += one_machine(report, ticks)
    out += guest_time(report, ticks)
    out += content(report, ticks)
    out += typed(report, recording)
    out += hosts(recording)
    for problem in recording["problems"]:
        out.append(claim("the demo ran to its end", False, problem))
    return out
