# SPDX-License-Identifier: MIT
"""What the last make demo said about its migrations."""
import json

FIELDS = ("from", "to", "round_count", "pages", "bytes", "nonzero_bytes", "total_us", "downtime_us")


def read(path):
    """The figures, or {"missing": why} when the demo has not been run to its end."""
    try:
        with open(path, encoding="utf-8") as f:
            report = json.load(f)
    except FileNotFoundError:
        return {"missing": "the demo has not been run here (make demo)"}
    except ValueError:
        return {"missing": "build/demo/report.json can't be read; run make demo again"}
    failed = [c["name"] for c in report.get("claims") or [] if not c["held"]]
    if failed or not report.get("migrations"):
        return {"missing": "the last make demo did not hold all it claims" + (f" ({failed[0]})" if failed else "")}
    return {"seconds": round(report["seconds"], 1), "setup": report["setup"],
            "migrations": [{f: m[f] for f in FIELDS} for m in report["migrations"]]}
