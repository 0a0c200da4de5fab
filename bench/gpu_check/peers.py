"""Section peers: our training and optimizer steps beside PyTorch's on the same card, in turn."""

import importlib.util
import sys

from gpu_check import build, entries, speed
from gpu_check.jobs import Job

SECTION = "peers"
PEER = (sys.executable, "bench/peers/torch_device.py", "--min-time", "0.3")

# (precision, batch, modes of PyTorch), by worth; compiling takes it a minute.
STEPS = (("bf16", 128, ("eager",)), ("tf32", 128, ("eager",)), ("bf16", 128, ("compile",)),
         ("bf16", 512, ("eager",)), ("tf32", 128, ("compile",)))
# What we set out for, at a batch of 128.
ASKED = {"eager": 2.0, "compile": 1.2}


def compare_optimizers(check, ours, theirs):
    for rule in entries.OPTIMIZER_BYTES:
        mine, peer = ours.get(f"optimizer/{rule}"), theirs.get(f"optimizer/{rule}")
        name = f"optimizer {rule}, resnet18"
        if not mine or not peer:
            check.table.not_run(SECTION, name, "not measured")
            continue
        ratio = peer["seconds"] / mine["seconds"]
        against = "the reference" if rule == "neuroplastic" else "PyTorch's fused one"
        text = f"{against} takes {ratio:.2f} times as long"
        asked = {"adam": 1 / 1.15, "neuroplastic": 50}.get(rule)
        if asked is None:
            check.table.figure(SECTION, name, text)
        else:
            check.table.judged(SECTION, name, ratio >= asked, f"{text} (asked {asked:.2g})")


def compare_steps(check, ours, theirs, name, mode):
    mine, peer = ours.get(f"graph/{name}"), theirs.get(f"{mode}/{name}")
    row = f"{name} against {mode}"
    if not mine or not peer:
        check.table.not_run(SECTION, row, "not measured")
        return
    model, batch, _ = name.split("/")
    images = int(batch.removeprefix("batch"))
    ratio = peer["seconds"] / mine["seconds"]
    text = f"{images / mine['seconds']:.0f} / {images / peer['seconds']:.0f} images/s = {ratio:.2f}"
    asked = ASKED[mode] if model == "resnet18" and images == 128 else None
    if asked is None:
        check.table.figure(SECTION, row, text)
    else:
        check.table.judged(SECTION, row, ratio >= asked, f"{text} (asked {asked})")


def run(check):
    program = check.build / build.BENCH
    ours = entries.measure(check, SECTION, Job(
        "peers-plastic", [program, "--min-time=0.3", "--precisions=bf16,tf32", "--models=resnet18",
                          "--batches=128"], 60))
    speed.report_optimizers(check, SECTION, ours)
    ours |= entries.measure(check, SECTION, Job(
        "peers-plastic-512", [program, "--parts=models", "--min-time=0.3", "--precisions=bf16",
                              "--models=resnet18", "--batches=512"], 40))
    if importlib.util.find_spec("torch") is None:
        check.table.not_run(SECTION, "PyTorch", f"{sys.executable} has none")
        return
    theirs = entries.measure(check, SECTION, Job("peers-torch-optimizers", [*PEER, "--optimizers"],
                                                 60))
    compare_optimizers(check, ours, theirs)
    for precision, batch, modes in STEPS:
        for mode in modes:
            found = entries.measure(check, SECTION, Job(
                f"peers-torch-{precision}-{batch}-{mode}",
                [*PEER, "--precisions", precision, "--models", "resnet18", "--batches", str(batch),
                 "--modes", mode], 100))
            compare_steps(check, ours, found, f"resnet18/batch{batch}/{precision}", mode)
