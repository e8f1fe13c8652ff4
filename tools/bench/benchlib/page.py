# SPDX-License-Identifier: MIT
"""docs/results/README.md out of bench.json."""

WORDS = {
    "cpuid_leaf_0": "CPUID, leaf 0",
    "cpuid_leaf_1": "CPUID, leaf 1",
    "out_post_0x80": "OUT to port 0x80",
    "out_uart_scratch_0x3ff": "OUT to port 0x3ff (16550 scratch register)",
    "in_uart_scratch_0x3ff": "IN from port 0x3ff",
    "in_no_device_0x2f0": "IN from port 0x2f0 (no device)",
    "in_pm_timer_0x608": "IN from port 0x608 (PM timer, 32 bits)",
}


# Figure: words, goal of at most so much per page for write-protect, A/D, PML (None: no goal), and what KVM needs.
TRACKING = (
    ("first_write_dense", "first write to a page, each page", (700, 0, 15), "1440 by write-protection, 65 by PML"),
    ("first_write_sparse", "first write to a page, each 4th page", (700, 0, 15), ""),
    ("first_read", "first read of a page", (0, 0, 0), ""),
    ("harvest_dense", "harvest, per dirty page: 4096 side by side of 16384", (150, 150, 150), "335 to 360"),
    ("harvest_sparse", "harvest, per dirty page: each 4th of 16384", (200, 200, 200), "460 to 530"),
    ("harvest_nothing", "harvest, per clean page of 16384", None, ""),
    ("switch_on", "switching on, per page: reserve, split, clear, flush", (100, 100, 100), "225 to 285"),
    ("switch_off", "switching off, per page: merge, flush, free", None, ""),
    ("count", "counting what is dirty, per page of guest memory", None, ""),
)


def table(head, rows):
    rule = ["---:" if h.endswith("#") else "---" for h in head]
    lines = [[h.rstrip("#") for h in head], rule] + [[str(c) for c in r] for r in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def exits(e):
    rows = [(WORDS.get(name, name), f"{v['min']:.0f}", f"{v['median']:.0f}") for name, v in e["instructions"].items()]
    return ("## Instructions per VM exit\n\n" + table(["instruction in the guest", "minimum#", "median#"], rows) +
            f"\nA Linux guest's first process runs the instruction {e['iterations']} times between two RDTSCs, {e['batches']} "
            "batches for each kind, and the same loop without it; the table has the difference for one instruction. The host is "
            f"Bochs ({e['cpu']}, one CPU) with `clock: sync=none`: there the TSC counts instructions, and the guest's TSC is the "
            "host's plus an offset. So a figure holds the guest's instruction, the exit, all that Tern does, and the entry. The "
            "minimum is the exit itself; in some batches the guest's timer or the host's services come in between. What the "
            "processor itself needs for an exit and an entry counts as one instruction here: these figures compare versions of "
            "the code, they are not time on a real machine.\n")


def per_page(f):
    return min(f["ticks"]) / f["pages"]


def tracking(t):
    kinds = list(t)
    rows = []
    for name, words, goal, kvm in TRACKING:
        values = [per_page(t[kind]["figures"][name]) for kind in kinds]
        met = "" if goal is None else "yes" if all(v <= g for v, g in zip(values, goal)) else "**no**"
        goals = sorted(set(goal or ()))
        rows.append([words] + [f"{v:.0f}" if v >= 100 else f"{v:.1f}" for v in values] +
                    ["" if goal is None else str(goals[0]) if len(goals) == 1 else " / ".join(map(str, goal)), met, kvm])
    models = ", ".join(f"{kind} on {t[kind]['cpu']}" for kind in kinds)
    spread = max(max(f["ticks"]) - min(f["ticks"]) for kind in kinds for f in t[kind]["figures"].values())
    return ("## Instructions of dirty tracking\n\n" +
            table(["per page"] + [k + "#" for k in kinds] + ["goal, at most#", "met", "KVM of Linux 6.1"], rows) +
            "\nBochs with `clock: sync=none`, one CPU; the model makes Tern choose the tracker: " + models + ". The host is Tern with another "
            "main loop (tests/machine) and a guest of 128 MiB of its own; everything goes through the functions that a migration calls. A first "
            "write is what 4096 of them took the guest by its own TSC, less the same writes again: exit, handler and entry for "
            "write-protection; for PML all PML-full exits and the draining of all 4096 entries. A harvest is 32 calls for 32 chunks, with their "
            "INVEPTs, by the host's TSC. Switching on and off covers all of the guest's memory, with the zeroing of the new tables. "
            f"Minimum of three runs in one boot; they differ by at most {spread} ticks in all. An exit, an entry or an INVEPT counts as one "
            "instruction here. KVM's figures are given: measured in the same emulator, not in this run.\n")


def demo(d):
    if "missing" in d:
        return f"## Migration\n\nNo figures: {d['missing']}.\n"
    rows = [(f"{m['from']} to {m['to']}", m["round_count"], m["pages"], f"{m['bytes'] / 1048576:.2f}",
             f"{m['nonzero_bytes'] / 1048576:.2f}", f"{m['bytes'] / m['nonzero_bytes']:.2f}" if m["nonzero_bytes"] else "-",
             f"{m['total_us'] / 1e6:.1f}", f"{m['downtime_us'] / 1e3:.1f}") for m in d["migrations"]]
    setup = "; ".join(f"{k}: {v}" for k, v in d["setup"].items())
    return ("## Migration\n\n" + table(["migration", "rounds#", "pages#", "MiB on the wire#", "MiB of non-zero guest memory#",
                                        "ratio#", "total (s)#", "downtime (ms)#"], rows) +
            f"\nFrom the last `make demo` ({setup}), which took {d['seconds']:.0f} s of wall time after everything was built. "
            "Seconds are those of an emulated host.\n")


def render(report):
    i, lines = report["image"], report["lines"]
    total = ("all", sum(r["files"] for r in lines), sum(r["lines"] for r in lines), "")
    versions = table(["part", "version"], list(report["versions"].items()))
    return ("# Figures\n\n`make bench` measures them and writes this page and bench.json. Last run: " + report["when"] + ".\n\n"
            "## Size\n\n" + table(["EFI program (KiB)#", "code#", "constants#", "data#", "zeroed memory#"],
                                  [[i[k] for k in ("efi_kib", "code_kib", "constants_kib", "data_kib", "zeroed_kib")]]) +
            "\nThird-party parts are included (`make size`, tools/image/size). Lines of C, headers and assembler:\n\n" +
            table(["folder", "files#", "lines#", "largest file (lines)"],
                  [(r["folder"], r["files"], r["lines"], r["largest"]) for r in lines] + [total]) +
            "\n" + exits(report["exits"]) + "\n" + tracking(report["tracking"]) + "\n" + demo(report["demo"]) + "\n## Measured with\n\n" + versions)
