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
            "\n" + exits(report["exits"]) + "\n" + demo(report["demo"]) + "\n## Measured with\n\n" + versions)
