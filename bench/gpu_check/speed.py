"""Section speed: our training and optimizer steps in bf16, alone on the device."""

from gpu_check import build, entries
from gpu_check.jobs import Job

SECTION = "speed"


def report_optimizers(check, section, found):
    """Rows of the optimizers, against the bytes that they must move."""
    if "copy" not in found:
        return None
    bandwidth = 8 * found["copy"]["parameters"] / found["copy"]["seconds"]
    check.table.figure(section, "copy on the device", f"{bandwidth / 1e9:.0f} GB/s")
    for rule, size in entries.OPTIMIZER_BYTES.items():
        mine = found.get(f"optimizer/{rule}")
        if not mine:
            check.table.not_run(section, f"optimizer {rule}", "not measured")
            continue
        over = mine["seconds"] / (size * mine["parameters"] / bandwidth)
        text = f"{mine['seconds'] * 1e6:.0f} us, {over:.2f} of {size} B a parameter"
        if rule == "neuroplastic":
            check.table.judged(section, f"optimizer {rule}, resnet18", over <= 1.5,
                               f"{text} (at most 1.5)")
        else:
            check.table.figure(section, f"optimizer {rule}, resnet18", text)
    return bandwidth


def report_steps(check, section, found):
    for name, entry in found.items():
        kind, _, rest = name.partition("/")
        if kind not in ("eager", "graph"):
            continue
        batch = int(rest.split("/")[1].removeprefix("batch"))
        check.table.figure(section, f"{rest}, {kind}",
                           f"{entry['seconds'] * 1e3:.3f} ms, {batch / entry['seconds']:.0f} images/s")


def run(check):
    found = entries.measure(check, SECTION, Job(
        "speed", [check.build / build.BENCH, "--min-time=0.3", "--precisions=bf16",
                  "--models=resnet18,small_cnn", "--batches=128"], 60))
    report_optimizers(check, SECTION, found)
    report_steps(check, SECTION, found)
