# SPDX-License-Identifier: MIT
"""The report's pictures: rounds over time, the downtime's terms, the guest's tick gaps."""
from .svg import Axes, WIDTH, circle, document, legend, line, milliseconds, path, rect, si, text

LEFT, RIGHT = 70, 20
MEBI = 1024.0 * 1024


def rounds(m):
    """Top: pages of each round in the time it took. Bottom: bytes sent, adding up."""
    rows = m["rounds"]
    if not rows:
        return ""
    end = max([r["end_us"] for r in rows] + [m["total_us"], 1]) / 1e6
    area = WIDTH - LEFT - RIGHT
    pages = Axes(LEFT, 52, area, 190, (0, end), max([r["pages"] + r["zero_pages"] for r in rows]
                                                    + [r["dirty_pages"] for r in rows]))
    sent = Axes(LEFT, 300, area, 120, (0, end), sum(r["bytes"] for r in rows) / MEBI)
    out = legend(LEFT, 16, [("content", "pages sent with content"), ("zero", "pages sent as zero"),
                            ("dirty", "pages found dirty in the round"), ("bytes", "bytes on the wire, adding up")])
    out += pages.frame("pages in the round") + pages.x_axis("")
    total, curve = 0, [(sent.at_x(rows[0]["start_us"] / 1e6), sent.at_y(0))]
    room = -100.0
    for i, r in enumerate(rows, 1):
        a, b = pages.at_x(r["start_us"] / 1e6), pages.at_x(r["end_us"] / 1e6)
        width = max(b - a - 1, 3)
        tip = (f"round {i}: {r['pages']} pages, {r['zero_pages']} zero, {r['dirty_pages']} found dirty, "
               f"{r['bytes']} bytes, {(r['end_us'] - r['start_us']) / 1e3:.1f} ms")
        top = pages.at_y(r["pages"] + r["zero_pages"])
        out.append(rect(a, pages.at_y(r["pages"]), width, pages.at_y(0) - pages.at_y(r["pages"]), "content", tip))
        out.append(rect(a, top, width, pages.at_y(r["pages"]) - top, "zero", tip))
        out.append(line(a, pages.at_y(r["dirty_pages"]), a + width, pages.at_y(r["dirty_pages"]), "dirty-line"))
        out.append(circle(a + width / 2, pages.at_y(r["dirty_pages"]), 3.2, "dirty", tip))
        if a + width / 2 - room > 62:  # labels of short rounds would lie on each other
            label_y = min(top, pages.at_y(r["dirty_pages"])) - 7
            out.append(text(a + width / 2, label_y, f"{i}: {si(r['pages'])}", "value", "middle"))
            room = a + width / 2
        total += r["bytes"]
        curve.append((sent.at_x(r["end_us"] / 1e6), sent.at_y(total / MEBI)))
        out.append(line(b, sent.y, b, sent.y + sent.height, "band-edge"))
    base = sent.at_y(0)
    out += sent.frame("MiB sent") + sent.x_axis("seconds since the migration was asked for")
    out.append(path(curve + [(curve[-1][0], base), (curve[0][0], base)], "bytes-area", True))
    out.append(path(curve, "bytes-line"))
    out.append(text(curve[-1][0] - 4, max(curve[-1][1] - 6, sent.y + 10), f"{total / MEBI:.1f} MiB", "value", "end"))
    return document(462, out, f"rounds of the migration from {m['from']} to {m['to']}")


def downtime(m):
    """Each term of the downtime: what the budget said and what it took."""
    terms = m["terms"]
    if not terms:
        return ""
    rows = terms + [{"name": "all terms", "budget_us": sum(t["budget_us"] for t in terms),
                     "real_us": sum(t["real_us"] for t in terms), "total": True}]
    left, row_height = 200, 40
    top = max(max(t["budget_us"], t["real_us"]) for t in rows) or 1
    scale = (WIDTH - left - 110) / top
    out = legend(left, 16, [("budget", "budget, before the stop"), ("real", "measured")])
    y = 34
    for t in rows:
        if t.get("total"):
            out.append(line(left - 150, y, WIDTH - RIGHT, y, "grid"))
            y += 8
        out.append(text(left - 10, y + 20, t["name"], "value" if t.get("total") else "label", "end"))
        for key, css, dy in (("budget_us", "budget", 3), ("real_us", "real", 18)):
            out.append(rect(left, y + dy, max(t[key] * scale, 1), 12, css, f"{t['name']}: {t[key]} µs"))
            out.append(text(left + t[key] * scale + 6, y + dy + 10, milliseconds(t[key] / 1e3), "tick"))
        y += row_height
    out.append(line(left, 30, left, y, "axis"))
    return document(y + 8, out, f"downtime of the migration from {m['from']} to {m['to']}")


def tick_gaps(report):
    gaps = report["gaps"]
    if not gaps:
        return ""
    start = report["wall_start"]
    first, last = gaps[0]["wall"] - start, gaps[-1]["wall"] - start
    top = max(max(g["guest_ms"], g["wall_ms"]) for g in gaps)
    a = Axes(LEFT, 52, WIDTH - LEFT - RIGHT, 250, (min(first, last - 1), last), top)
    out = legend(LEFT, 16, [("guest", "in guest time"), ("wall", "as the station's clock saw it"),
                            ("band", "a migration from call to end")])
    for m in report["migrations"]:
        x0, x1 = a.at_x(max(m["wall_start"] - start, first)), a.at_x(min(m["wall_end"] - start, last))
        out.append(rect(x0, a.y, x1 - x0, a.height, "band"))
        out.append(text((x0 + x1) / 2, a.y + 14, f"{m['from']} → {m['to']}", "label", "middle"))
    out += a.frame("milliseconds from tick to tick") + a.x_axis("seconds since the demo began")
    for key, css in (("wall_ms", "wall"), ("guest_ms", "guest")):
        out.append(path([(a.at_x(g["wall"] - start), a.at_y(max(g[key], 0))) for g in gaps], css + "-line"))
    first_ticks = {m["first_tick_after"] for m in report["migrations"]}
    for g in gaps:
        if g["number"] in first_ticks or max(g["guest_ms"], g["wall_ms"]) > top / 2:
            for key, css in (("wall_ms", "wall"), ("guest_ms", "guest")):
                out.append(circle(a.at_x(g["wall"] - start), a.at_y(g[key]), 3.2, css,
                                  f"tick {g['number']} on {g['host']}: {milliseconds(g['guest_ms'])} of guest time, "
                                  f"{milliseconds(g['wall_ms'])} of wall time"))
    return document(344, out, "gaps between the guest's ticks")
