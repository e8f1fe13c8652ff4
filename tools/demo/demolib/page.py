# SPDX-License-Identifier: MIT
"""report.html: one self-contained page out of report.json."""
from html import escape

from . import pictures
from .svg import milliseconds

STYLE = """
:root { --ink:#1c2430; --soft:#5d6a7a; --rule:#dfe4ea; --back:#f6f7f9; --card:#fff; --blue:#2f6fde; --pale:#a9c5f5;
  --orange:#e07b2f; --green:#1f9d6b; --red:#cf3a3a; --band:#eef2f8; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6eaf0; --soft:#9aa7b6; --rule:#313a46; --back:#12161c; --card:#1a2028;
  --blue:#5b93f2; --pale:#35548a; --orange:#f0975a; --green:#41c08d; --red:#f07070; --band:#232b36; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--back); color:var(--ink); font:15px/1.5 system-ui,"Segoe UI","DejaVu Sans",sans-serif; }
main { max-width:1000px; margin:0 auto; padding:28px 20px 60px; }
h1 { font-size:26px; margin:0 0 4px; } h2 { font-size:19px; margin:0 0 10px; } h3 { font-size:15px; margin:22px 0 6px; }
p { margin:4px 0 12px; } .soft { color:var(--soft); }
section { background:var(--card); border:1px solid var(--rule); border-radius:10px; padding:20px 22px; margin:18px 0; }
.verdict { display:inline-block; padding:3px 12px; border-radius:14px; color:#fff; font-weight:600; background:var(--green); }
.verdict.no { background:var(--red); }
.tiles { display:grid; grid-template-columns:repeat(auto-fit,minmax(140px,1fr)); gap:12px; margin:14px 0 4px; }
.tile { border:1px solid var(--rule); border-radius:8px; padding:10px 12px; }
.tile b { display:block; font-size:20px; font-variant-numeric:tabular-nums; } .tile span { color:var(--soft); font-size:13px; }
.scroll { overflow-x:auto; }
table { border-collapse:collapse; width:100%; font-size:13.5px; font-variant-numeric:tabular-nums; }
th, td { text-align:left; padding:5px 10px 5px 0; border-bottom:1px solid var(--rule); vertical-align:top; }
th { color:var(--soft); font-weight:600; } td.n, th.n { text-align:right; }
.ok { color:var(--green); font-weight:700; white-space:nowrap; } .bad { color:var(--red); font-weight:700; white-space:nowrap; }
code { font:12.5px ui-monospace,"DejaVu Sans Mono",monospace; overflow-wrap:anywhere; }
svg { width:100%; height:auto; display:block; margin:6px 0; }
svg text { fill:var(--ink); font-size:12px; } svg .tick { fill:var(--soft); font-size:11.5px; }
svg .axis-name { fill:var(--soft); font-size:11.5px; } svg .value { font-weight:600; } svg .label { font-size:12.5px; }
svg .grid { stroke:var(--rule); } svg .axis { stroke:var(--soft); } svg .band { fill:var(--band); stroke:var(--rule); }
svg .band-edge { stroke:var(--rule); stroke-dasharray:3 3; }
svg .content, svg .real, svg .guest { fill:var(--blue); } svg .zero, svg .budget { fill:var(--pale); }
svg .dirty, svg .wall { fill:var(--orange); } svg .bytes { fill:var(--green); }
svg .dirty-line { stroke:var(--orange); stroke-width:2; } svg .bytes-line { stroke:var(--green); stroke-width:2; fill:none; }
svg .bytes-area { fill:var(--green); opacity:.15; }
svg .guest-line { stroke:var(--blue); stroke-width:1.4; fill:none; } svg .wall-line { stroke:var(--orange); stroke-width:1.4; fill:none; }
"""


def table(head, rows):
    """Cells that are numbers, or begin with one, stand to the right when their heading ends in '#'."""
    css = [' class="n"' if h.endswith("#") else "" for h in head]
    out = ["<div class=scroll><table><tr>"] + [f"<th{c}>{escape(h.rstrip('#'))}</th>" for h, c in zip(head, css)]
    for row in rows:
        out.append("</tr><tr>" + "".join(f"<td{c}>{cell}</td>" for cell, c in zip(row, css)))
    return "".join(out) + "</tr></table></div>"


def tiles(entries):
    return "<div class=tiles>" + "".join(
        f"<div class=tile><b>{escape(str(value))}</b><span>{escape(name)}</span></div>" for name, value in entries) + "</div>"


def ms(value):
    return "none" if value is None else milliseconds(value)


def mib(value):
    return f"{value / 1048576:.1f} MiB"


def claims_section(report):
    rows = [(f"<span class={'ok' if c['held'] else 'bad'}>{'✓ held' if c['held'] else '✗ failed'}</span>",
             escape(c["name"]), f"<span class=soft>{escape(c['detail'])}</span>") for c in report["claims"]]
    return f"<section><h2>What was claimed, and what the data say</h2>{table(['', 'claim', 'seen'], rows)}</section>"


def migration_section(m, index):
    ratio = f"{m['bytes'] / m['nonzero_bytes']:.2f}" if m["nonzero_bytes"] else "none"
    rows = [(i, r["pages"], r["zero_pages"], r["dirty_pages"], r["bytes"], f"{r['start_us'] / 1e6:.2f}",
             f"{r['end_us'] / 1e6:.2f}") for i, r in enumerate(m["rounds"], 1)]
    facts = [("job", m["job"]), ("memory hash at the source", m["hash_source"]),
             ("memory hash at the destination", m["hash_destination"]), ("boot id before", m["boot_before"]),
             ("boot id after", m["boot_after"]), ("last tick at the source", m["last_tick_before"]),
             ("first tick at the destination", m["first_tick_after"])]
    if m["error"]:
        facts.insert(1, ("error", m["error"]))
    return "".join([
        f"<section><h2>Migration {index}: {escape(m['from'])} → {escape(m['to'])}</h2>",
        f"<p class=soft>{escape(m['method'])}</p>",
        tiles([("downtime, measured at the source", ms(m["downtime_us"] / 1e3)),
               ("largest tick gap, guest time", ms(m["largest_gap_guest_ms"])),
               ("largest tick gap, wall time", ms(m["largest_gap_wall_ms"])),
               ("from call to end", f"{m['total_us'] / 1e6:.1f} s"), ("on the wire", mib(m["bytes"])),
               ("wire bytes / non-zero memory", ratio)]),
        "<h3>Pages and bytes per round over time</h3>", pictures.rounds(m) or "<p class=soft>no rounds</p>",
        table(["round#", "pages#", "zero pages#", "found dirty#", "bytes#", "from (s)#", "to (s)#"], rows),
        "<h3>The downtime, term by term, beside its budget</h3>", pictures.downtime(m) or "<p class=soft>no terms</p>",
        table(["", ""], [(escape(k), f"<code>{escape(str(v))}</code>") for k, v in facts]), "</section>"])


def guest_section(report):
    g, t = report["guest"] or {}, report["ticks"]
    return "".join([
        "<section><h2>The guest's clock</h2>",
        f"<p>{escape(report['vm'])} prints a tick every {g.get('tick_ms', '?')} ms of its own time while it rewrites "
        f"{g.get('rate', '?')} pages a second in a region of {g.get('pages', 0) * 4 // 1024} MiB. A gap above the line "
        "is time in which it did not run, or ran late.</p>", pictures.tick_gaps(report) or "<p class=soft>no ticks</p>",
        tiles([("ticks", t["count"]), ("page writes, all recomputed", t["writes"]),
               ("largest gap, guest time", ms(t["largest_gap_guest_ms"])),
               ("largest gap, wall time", ms(t["largest_gap_wall_ms"]))]), "</section>"])


def course_section(report):
    rows = [(f"{e['at']:.1f} s", escape(e["text"])) for e in report["events"]]
    setup = [(escape(k), f"<code>{escape(str(v))}</code>") for k, v in report["setup"].items()]
    return (f"<section><h2>Course of the demo</h2>{table(['at#', ''], rows)}"
            f"<h3>Set up</h3>{table(['', ''], setup)}</section>")


def render(report):
    failed = sum(not c["held"] for c in report["claims"])
    verdict = f"{failed} claim(s) failed" if failed else f"all {len(report['claims'])} claims held"
    return "".join([
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Tern: {escape(report['vm'])} moves</title><style>{STYLE}</style></head><body><main>",
        f"<h1>A running Linux guest moves there and back</h1><p class=soft>{escape(report['when'])}, "
        f"{report['seconds']:.0f} s in all</p>",
        f'<p><span class="verdict{" no" if failed else ""}">{escape(verdict)}</span></p>',
        guest_section(report), *[migration_section(m, i) for i, m in enumerate(report["migrations"], 1)],
        claims_section(report), course_section(report), "</main></body></html>\n"])
