"""Section kernels: by Nsight Compute, what each kernel of a training step takes and moves."""

import csv
import re

from gpu_check import build, failures, places
from gpu_check.jobs import Job

SECTION = "kernels"
LIMIT = 90
TIME = "gpu__time_duration.sum"  # nanoseconds
BYTES = "dram__bytes.sum"
SHOWN = 12
# The steps before are tuned and recorded; then about one step of resnet18.
SKIPPED_LAUNCHES = 4000
LAUNCHES = 320


def number(text):
    try:
        return float(text.replace(",", ""))
    except (AttributeError, ValueError):
        return 0.0


def short_name(name):
    """Without namespaces and the parameters, but with those of the template, which say what ours
    compute."""
    bare = re.sub(r"\(anonymous namespace\)::|<unnamed>::|\w+::|^void ", "", name)
    return bare.rpartition("(")[0] or bare


def parse(output):
    """[(kernel, launches, nanoseconds, bytes)], the longest first, out of --csv --page raw."""
    lines = output.splitlines()
    start = next((i for i, line in enumerate(lines) if '"Kernel Name"' in line), None)
    if start is None:
        return []
    totals = {}
    for row in csv.DictReader(lines[start:]):
        # The row beneath the head has units.
        if not (row.get("ID") or "").isdigit():
            continue
        name = short_name(row["Kernel Name"])
        count, time, moved = totals.get(name, (0, 0.0, 0.0))
        totals[name] = count + 1, time + number(row.get(TIME)), moved + number(row.get(BYTES))
    return sorted(((name, *values) for name, values in totals.items()), key=lambda row: -row[2])


def run(check):
    tool = places.tool("ncu")
    if not tool:
        check.table.not_run(SECTION, "ncu", "not installed")
        return
    result = check.runner.run(Job("kernels", [
        tool, "--metrics", f"{TIME},{BYTES}", "--csv", "--page", "raw", "--print-units", "base",
        "--clock-control", "none", "--cache-control", "none", "--launch-skip", SKIPPED_LAUNCHES,
        "--launch-count", LAUNCHES, check.build / build.PLASTIC, "train", "--data", "shapes",
        "--model", "resnet18", "--optimizer", "sgd", "--precision", "bf16", "--device", "cuda",
        "--epochs", "1"], LIMIT))
    rows = parse(result.output)
    if not rows:
        check.table.not_run(SECTION, "ncu", result.end if not result.ran else
                            f"{result.end}: {failures.of_program(result.output)[0][:200]}")
        return
    whole = sum(row[2] for row in rows)
    check.table.figure(SECTION, "resnet18, batch 128, bf16", f"{sum(row[1] for row in rows)} "
                       f"launches, {whole / 1e3:.0f} us in {len(rows)} kernels")
    for name, count, time, moved in rows[:SHOWN]:
        check.table.figure(SECTION, name[:44], f"{count:4} x {time / count / 1e3:8.1f} us, "
                           f"{time / whole:5.1%}, {moved / max(time, 1):5.0f} GB/s")
